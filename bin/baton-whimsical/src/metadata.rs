//! What the connector says of itself: its name, and what it asks for to create an account.

use std::collections::BTreeMap;

use proto::c1::connector::v2::connector_account_creation_schema::{BoolField, Field, StringField, field};
use proto::c1::connector::v2::{ConnectorAccountCreationSchema, ConnectorMetadata};

pub(crate) fn metadata() -> ConnectorMetadata {
    ConnectorMetadata {
        display_name: "Whimsical".to_owned(),
        description: "Users and roles of a Whimsical workspace, over SCIM 2.0".to_owned(),
        account_creation_schema: Some(account_creation_schema()),
        ..ConnectorMetadata::default()
    }
}

/// Only the e-mail address is needed: profiles without names are accepted too. Source: connector-cli §11.7.
fn account_creation_schema() -> ConnectorAccountCreationSchema {
    let text = |name: &str, placeholder: &str, description: &str, order, required| Field {
        display_name: name.to_owned(),
        description: description.to_owned(),
        placeholder: placeholder.to_owned(),
        order,
        required,
        field: Some(field::Field::StringField(StringField::default())),
        ..Field::default()
    };
    let editor = Field {
        display_name: "Editor".to_owned(),
        description: "Whether the user is an editor; the workspace's default role without an answer".to_owned(),
        order: 4,
        field: Some(field::Field::BoolField(BoolField::default())),
        ..Field::default()
    };
    let address = "The address the user signs in with; sent in lower case";
    let field_map = BTreeMap::from([
        ("email".to_owned(), text("Email", "ada@example.com", address, 1, true)),
        ("first_name".to_owned(), text("First name", "Ada", "Can only be set now", 2, false)),
        ("last_name".to_owned(), text("Last name", "Lovelace", "Can only be set now", 3, false)),
        ("editor".to_owned(), editor),
    ]);
    ConnectorAccountCreationSchema { field_map }
}
