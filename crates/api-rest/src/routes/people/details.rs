//! What is known of a person beside their address, name and status.
#![expect(clippy::option_option, reason = "a merge patch tells `null` from what is absent")]

use ids::PersonId;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// What else to set of a person; what is absent stays, `null` takes it away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Details {
    /// Further addresses.
    #[schema(max_items = 32)]
    emails: Option<Vec<String>>,
    /// The name that they sign in with elsewhere.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    username: Option<Option<String>>,
    /// The first name.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    given_name: Option<Option<String>>,
    /// The last name.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    family_name: Option<Option<String>>,
    /// What the organisation numbers them by.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    employee_id: Option<Option<String>>,
    /// Where they work.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    department: Option<Option<String>>,
    /// What they are.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    title: Option<Option<String>>,
    /// How they are employed.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, max_length = 200)]
    employment_type: Option<Option<String>>,
    /// Who manages them.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    manager_id: Option<Option<PersonId>>,
}

/// Tells `null` from what is absent.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

impl From<Details> for governance::person::Details {
    fn from(body: Details) -> Self {
        Self {
            emails: body.emails,
            username: body.username,
            given_name: body.given_name,
            family_name: body.family_name,
            employee_id: body.employee_id,
            department: body.department,
            title: body.title,
            employment_type: body.employment_type,
            manager_id: body.manager_id,
        }
    }
}
