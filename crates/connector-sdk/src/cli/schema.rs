//! The output of `config`: the settings that a setup form or an operator needs, as JSON.
//!
//! Repositories keep this text and compare it, so it is the same at every call. Source: connector-cli §3.2.

use proto::c1::config::v1::{
    BoolField, Configuration, Field as SchemaField, Int64Rules, IntField, StringField, StringRules, StringSliceField,
    field::Field as Typed,
};

use super::failure::Failure;
use super::field::{Export, Field, Kind, Rule};
use super::plan::settings_of;
use super::spec::ConnectorSpec;

/// The JSON, indented by two blanks, without a newline at its end.
///
/// # Errors
/// None in practice: only when the message cannot be written as JSON.
pub(super) fn json(spec: &ConnectorSpec) -> Result<String, Failure> {
    pretty(&configuration(spec))
}

/// The message as indented canonical JSON.
pub(super) fn pretty<M: proto::Name>(message: &M) -> Result<String, Failure> {
    let value = proto::json::to_value(message).map_err(|error| Failure::usage(error.to_string()))?;
    serde_json::to_string_pretty(&value).map_err(|error| Failure::usage(error.to_string()))
}

fn configuration(spec: &ConnectorSpec) -> Configuration {
    let settings = settings_of(spec);
    let exported = settings.iter().filter(|field| field.export != Export::Nowhere);
    Configuration {
        fields: exported.map(schema_field).collect(),
        display_name: spec.display_name.to_owned(),
        help_url: spec.help_url.to_owned(),
        icon_url: spec.icon_url.to_owned(),
        ..Configuration::default()
    }
}

fn schema_field(field: &Field) -> SchemaField {
    SchemaField {
        name: field.name.to_owned(),
        display_name: field.display_name.to_owned(),
        description: field.description.to_owned(),
        is_required: field.required,
        is_ops: field.export == Export::Ops,
        is_secret: field.secret,
        field: Some(typed(field)),
        ..SchemaField::default()
    }
}

fn typed(field: &Field) -> Typed {
    match field.kind {
        Kind::Text(default) => Typed::StringField(StringField {
            default_value: default.to_owned(),
            rules: text_rules(field),
            ..StringField::default()
        }),
        Kind::Bool => Typed::BoolField(BoolField::default()),
        Kind::Int(default) => {
            Typed::IntField(IntField { default_value: default, rules: int_rules(field), ..IntField::default() })
        }
        Kind::List => Typed::StringSliceField(StringSliceField::default()),
    }
}

fn text_rules(field: &Field) -> Option<StringRules> {
    let allowed: Vec<String> = match field.rule {
        Rule::OneOf(allowed) => allowed.iter().map(|one| (*one).to_owned()).collect(),
        Rule::Any | Rule::Range(..) => Vec::new(),
    };
    (field.required || !allowed.is_empty()).then(|| StringRules {
        r#in: allowed,
        is_required: field.required,
        ..StringRules::default()
    })
}

fn int_rules(field: &Field) -> Option<Int64Rules> {
    let range = match field.rule {
        Rule::Range(least, most) => Some((least, most)),
        Rule::Any | Rule::OneOf(_) => None,
    };
    (field.required || range.is_some()).then(|| Int64Rules {
        gte: range.map(|(least, _)| least),
        lte: range.map(|(_, most)| most),
        is_required: field.required,
        ..Int64Rules::default()
    })
}
