//! `baton resource-types`

use c1z::{ResourceTypes, View};
use proto::Message;
use proto::c1::connector::v2::ResourceType;
use proto::c1::connector::v2::resource_type::Trait;
use proto::json::Type;

use super::Printer;
use crate::cli::Format;
use crate::glimpse;
use crate::output::{console, json::Json};

/// Lists the types of resources.
pub(super) fn run(view: &View<'_>, printer: &mut Printer<'_>) -> anyhow::Result<()> {
    match printer.format {
        Format::Json => {
            let message = Type::of::<ResourceType>()?;
            let mut json = Json::new(printer.out);
            json.list("resourceTypes", |json| {
                view.each(ResourceTypes::All, |row| {
                    json.member(|json| json.message("resourceType", message, &row.bytes()?))
                })
            })?;
            json.end()
        }
        Format::Console => console::write_table(printer.out, printer.style, ["ID", "Display Name", "Traits"], |row| {
            view.each(ResourceTypes::All, |stored| {
                let found = glimpse::ResourceType::decode(&*stored.bytes()?)?;
                row([&found.id, &found.display_name, &traits(&found.traits)])
            })
        }),
    }
}

/// Returns the names of the traits; one that this version does not know is its number.
fn traits(numbers: &[i32]) -> String {
    let name = |number: &i32| match Trait::try_from(*number) {
        Ok(known) => known.as_str_name().to_owned(),
        Err(_) => number.to_string(),
    };
    numbers.iter().map(name).collect::<Vec<_>>().join(", ")
}
