//! What is known of a person beside their address, name and status.
//!
//! Source: governance §1.2.

use ids::PersonId;
use store::Tx;
use store::person::Person;

use super::relation::check_manager;
use crate::change::{Changes, email, line};
use crate::error::{Error, Result};

/// The longest of these texts, in letters.
const LONGEST: usize = 200;
/// How many further addresses a person may have.
const MOST_EMAILS: usize = 32;

/// What to set of a person; `None` stays as it is, `Some(None)` takes it away.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// Further addresses.
    pub emails: Option<Vec<String>>,
    /// The name that they sign in with elsewhere.
    pub username: Option<Option<String>>,
    /// The first name.
    pub given_name: Option<Option<String>>,
    /// The last name.
    pub family_name: Option<Option<String>>,
    /// What the organisation numbers them by.
    pub employee_id: Option<Option<String>>,
    /// Where they work.
    pub department: Option<Option<String>>,
    /// What they are.
    pub title: Option<Option<String>>,
    /// How they are employed.
    pub employment_type: Option<Option<String>>,
    /// Who manages them.
    pub manager_id: Option<Option<PersonId>>,
}

impl Details {
    /// Puts what is wished in the place of what is known.
    pub(super) async fn apply(self, tx: &mut Tx, person: &mut Person, changes: &mut Changes) -> Result<()> {
        for (field, place, wished) in [
            ("username", &mut person.username, self.username),
            ("givenName", &mut person.given_name, self.given_name),
            ("familyName", &mut person.family_name, self.family_name),
            ("employeeId", &mut person.employee_id, self.employee_id),
            ("department", &mut person.department, self.department),
            ("title", &mut person.title, self.title),
            ("employmentType", &mut person.employment_type, self.employment_type),
        ] {
            if let Some(wished) = wished {
                let wished = wished.map(|text| line(field, &text, LONGEST)).transpose()?;
                changes.set(field, place, wished)?;
            }
        }
        if let Some(emails) = self.emails {
            if emails.len() > MOST_EMAILS {
                return Err(Error::invalid("emails", format!("a person has at most {MOST_EMAILS} further addresses")));
            }
            let mut kept = emails.iter().map(|text| email("emails", text)).collect::<Result<Vec<_>>>()?;
            kept.sort_unstable();
            kept.dedup();
            changes.set("emails", &mut person.emails, kept)?;
        }
        if let Some(manager) = self.manager_id
            && manager != person.manager_id
        {
            check_manager(tx, person.id, manager).await?;
            changes.set("managerId", &mut person.manager_id, manager)?;
        }
        Ok(())
    }
}
