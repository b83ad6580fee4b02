//! `baton principals compare`

use std::collections::HashMap;

use c1z::{ResourceRef, View};
use camino::Utf8Path;
use proto::Message;
use proto::c1::connector::v2::{ResourceId, UserTrait};

use super::{Held, each_principal};
use crate::cli::{self, Format};
use crate::commands::Printer;
use crate::commands::resources::{Entry, TITLES};
use crate::export::person::pick;
use crate::output::{console, json::Json};
use crate::references::References;
use crate::source::Source;

/// Compares the holders of two entitlements. The result is relative to the first.
///
/// Memory grows with the holders of these two entitlements, of which the ids, e-mail addresses and names are kept.
pub(in crate::commands) fn run(
    file: &Utf8Path,
    arguments: &cli::Compare,
    printer: &mut Printer<'_>,
) -> anyhow::Result<()> {
    let base_source = Source::open(file)?;
    let base_view = base_source.view(None)?;
    let compared_source = Source::open(&arguments.compare_file)?;
    let compared_view = compared_source.view(None)?;
    let mut base = Side::new(&base_view, &arguments.entitlement)?;
    let mut compared = Side::new(&compared_view, &arguments.compare_entitlement)?;

    let matches = matches(&base.principals, &compared.principals);
    let is_matched: Vec<bool> = matches.iter().map(Option::is_some).collect();
    let mut is_taken = vec![false; compared.principals.len()];
    for place in matches.into_iter().flatten() {
        if let Some(taken) = is_taken.get_mut(place) {
            *taken = true;
        }
    }

    match printer.format {
        Format::Json => {
            let mut json = Json::new(printer.out);
            json.list("missing", |json| base.each(Some(&is_matched), &mut |entry| entry.add_to_json(json)))?;
            json.list("extra", |json| compared.each(Some(&is_taken), &mut |entry| entry.add_to_json(json)))?;
            json.list("base", |json| base.each(None, &mut |entry| entry.add_to_json(json)))?;
            json.list("compared", |json| compared.each(None, &mut |entry| entry.add_to_json(json)))?;
            json.end()
        }
        Format::Console => {
            if is_matched.iter().chain(&is_taken).all(|is_matched| *is_matched) {
                write!(printer.out, "The principals between these entitlements appear to match!")?;
                return Ok(());
            }
            write_unmatched(&mut base, "Missing Principals", &is_matched, printer)?;
            write_unmatched(&mut compared, "Extra Principals", &is_taken, printer)
        }
    }
}

fn write_unmatched(
    side: &mut Side<'_, '_>,
    title: &str,
    is_matched: &[bool],
    printer: &mut Printer<'_>,
) -> anyhow::Result<()> {
    if is_matched.iter().all(|is_matched| *is_matched) {
        return Ok(());
    }
    console::write_heading(printer.out, printer.style, title)?;
    console::write_table(printer.out, printer.style, TITLES, |row| {
        side.each(Some(is_matched), &mut |entry| entry.add_to_table(row))
    })
}

/// The holders of one of the two entitlements.
struct Side<'v, 'c> {
    principals: Vec<Principal>,
    references: References<'v, 'c>,
}

/// What a principal is recognised by.
#[derive(Debug, PartialEq, Eq)]
struct Principal {
    id: ResourceId,
    display_name: String,
    /// Those of its `UserTrait`, if it has one.
    emails: Option<Vec<String>>,
}

impl<'v, 'c> Side<'v, 'c> {
    fn new(view: &'v View<'c>, entitlement: &str) -> anyhow::Result<Self> {
        let mut references = References::new(view);
        let mut principals = Vec::new();
        each_principal(view, Held::Entitlement(entitlement), |id| {
            principals.push(Principal::new(id, &references.resource(id)?.wire)?);
            Ok(())
        })?;
        Ok(Self { principals, references })
    }

    /// Calls `visit` with all principals, or with those for which `is_matched` is false.
    fn each(
        &mut self,
        is_matched: Option<&[bool]>,
        visit: &mut dyn FnMut(Entry<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for (place, principal) in self.principals.iter().enumerate() {
            if is_matched.is_some_and(|is_matched| is_matched.get(place) == Some(&true)) {
                continue;
            }
            let known = self.references.resource((&principal.id).into())?;
            visit(Entry::new(&known.wire, &mut self.references)?)?;
        }
        Ok(())
    }
}

impl Principal {
    fn new(id: ResourceRef<'_>, wire: &[u8]) -> anyhow::Result<Self> {
        let resource = proto::c1::connector::v2::Resource::decode(wire)?;
        let user = pick::<UserTrait>(&resource.annotations)?;
        Ok(Self {
            id: ResourceId {
                resource_type: id.resource_type.to_owned(),
                resource: id.resource.to_owned(),
                ..ResourceId::default()
            },
            display_name: resource.display_name,
            emails: user.map(|user| user.emails.into_iter().map(|email| email.address).collect()),
        })
    }
}

/// Returns for each principal of `base` the place of the one in `compared` that is the same.
///
/// The same type and id; else both are users and share an e-mail address; else, when both or neither are users, the same
/// display name. Where several would do, the first one that is not taken yet.
fn matches(base: &[Principal], compared: &[Principal]) -> Vec<Option<usize>> {
    let mut by_id: HashMap<(&str, &str), usize> = HashMap::new();
    let mut by_email: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_name: HashMap<(bool, &str), Vec<usize>> = HashMap::new();
    for (place, principal) in compared.iter().enumerate() {
        by_id.insert((&principal.id.resource_type, &principal.id.resource), place);
        for email in principal.emails.iter().flatten() {
            by_email.entry(email).or_default().push(place);
        }
        by_name.entry((principal.emails.is_some(), &principal.display_name)).or_default().push(place);
    }
    let mut found: Vec<Option<usize>> = base
        .iter()
        .map(|principal| by_id.get(&(principal.id.resource_type.as_str(), principal.id.resource.as_str())).copied())
        .collect();
    let mut is_taken = vec![false; compared.len()];
    for place in found.iter().flatten() {
        if let Some(taken) = is_taken.get_mut(*place) {
            *taken = true;
        }
    }
    for (principal, found) in base.iter().zip(&mut found).filter(|(_, found)| found.is_none()) {
        let same_email = principal.emails.iter().flatten().filter_map(|email| by_email.get(email.as_str()));
        let same_name = by_name.get(&(principal.emails.is_some(), principal.display_name.as_str()));
        let mut candidates = same_email.chain(same_name).flatten().copied().peekable();
        let first = candidates.peek().copied();
        *found = candidates.find(|place| is_taken.get(*place) == Some(&false)).or(first);
        if let Some(taken) = found.and_then(|place| is_taken.get_mut(place)) {
            *taken = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(kind: &str, id: &str, name: &str, emails: Option<&[&str]>) -> Principal {
        Principal {
            id: ResourceId { resource_type: kind.into(), resource: id.into(), ..ResourceId::default() },
            display_name: name.into(),
            emails: emails.map(|emails| emails.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn principals_are_recognised_by_id_then_email_then_name() {
        let user = |id: &str, name: &str, email: &str| principal("user", id, name, Some(&[email]));
        let group = |id: &str, name: &str| principal("group", id, name, None);
        for (base, compared, expect) in [
            (vec![user("1", "Ada", "a@x")], vec![user("1", "Eve", "e@x")], vec![Some(0)]),
            (vec![user("1", "Ada", "a@x")], vec![user("2", "Eve", "e@x"), user("3", "Bob", "a@x")], vec![Some(1)]),
            (vec![user("1", "Ada", "a@x")], vec![user("2", "Ada", "e@x")], vec![Some(0)]),
            (vec![user("1", "Ada", "a@x")], vec![group("2", "Ada")], vec![None]),
            (vec![group("1", "Staff")], vec![group("2", "Staff")], vec![Some(0)]),
            (vec![group("1", "Staff")], vec![group("2", "Other")], vec![None]),
            // The one with the same id is not given away to the one with the same name.
            (
                vec![user("1", "Ada", "a@x"), user("2", "Ada", "b@x")],
                vec![user("2", "Ada", "b@x"), user("3", "Ada", "c@x")],
                vec![Some(1), Some(0)],
            ),
            (vec![group("1", "Staff"), group("2", "Staff")], vec![group("3", "Staff")], vec![Some(0), Some(0)]),
        ] {
            assert_eq!(matches(&base, &compared), expect, "{base:?} {compared:?}");
        }
    }
}
