//! How much harm something can do in the wrong hands, and what it falls under.
//!
//! Source: governance §1.3, §1.8, R-P-3.

use serde::{Deserialize, Serialize};

use crate::vocabulary;

/// How many tags, and how many frameworks, something has at most.
pub const MOST_LABELS: usize = 32;
/// How many letters a tag, or the name of a framework, has at most.
pub const LONGEST_LABEL: usize = 60;

vocabulary! {
    /// How much harm something can do; the later, the more.
    pub enum Risk: "a risk level" {
        /// Hardly any.
        Low => "low",
        /// Some.
        Medium => "medium",
        /// Much.
        High => "high",
        /// As much as can be.
        Critical => "critical",
    }
}

impl Risk {
    /// Whether nobody should let themselves have it alone (R-P-3).
    #[must_use]
    pub fn wants_another_eye(self) -> bool {
        self >= Self::High
    }
}

/// What is said about an app or an entitlement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Classification {
    /// How much harm it can do; none is left to whatever is above it.
    pub risk_level: Option<Risk>,
    /// By what it is found.
    pub tags: Vec<String>,
    /// The rules of others under which it falls, such as `SOX`.
    pub frameworks: Vec<String>,
}

impl Classification {
    /// How much harm it can do: little, while nobody says otherwise.
    #[must_use]
    pub fn risk(&self) -> Risk {
        self.risk_level.unwrap_or(Risk::Low)
    }

    /// This, with what it leaves open from above, and the labels of both.
    #[must_use]
    pub fn or(self, above: Self) -> Self {
        Self {
            risk_level: self.risk_level.or(above.risk_level),
            tags: both(self.tags, above.tags),
            frameworks: both(self.frameworks, above.frameworks),
        }
    }

    /// As it is kept: labels trimmed, sorted, each once.
    ///
    /// # Errors
    /// The name of the field, with what is wrong with it.
    pub fn checked(self) -> Result<Self, (&'static str, String)> {
        Ok(Self {
            risk_level: self.risk_level,
            tags: labels(&self.tags).map_err(|words| ("tags", words))?,
            frameworks: labels(&self.frameworks).map_err(|words| ("frameworks", words))?,
        })
    }
}

fn both(mut own: Vec<String>, above: Vec<String>) -> Vec<String> {
    own.extend(above);
    own.sort_unstable();
    own.dedup();
    own
}

fn labels(given: &[String]) -> Result<Vec<String>, String> {
    let mut kept: Vec<String> = given.iter().map(|label| label.trim().to_owned()).collect();
    let is_odd =
        |label: &&String| label.is_empty() || label.chars().count() > LONGEST_LABEL || label.contains(char::is_control);
    if let Some(odd) = kept.iter().find(is_odd) {
        let shown: String = odd.chars().filter(|letter| !letter.is_control()).take(LONGEST_LABEL).collect();
        return Err(format!("`{shown}` is not 1 to {LONGEST_LABEL} letters on one line"));
    }
    kept.sort_unstable();
    kept.dedup();
    if kept.len() > MOST_LABELS {
        return Err(format!("at most {MOST_LABELS} of them, not {}", kept.len()));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(risk_level: Option<Risk>, tags: &[&str]) -> Classification {
        let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
        Classification { risk_level, tags, frameworks: Vec::new() }
    }

    #[test]
    fn what_is_left_open_comes_from_above() {
        let app = of(Some(Risk::High), &["money"]);
        assert_eq!(of(None, &["design"]).or(app.clone()), of(Some(Risk::High), &["design", "money"]));
        assert_eq!(of(Some(Risk::Low), &["money"]).or(app), of(Some(Risk::Low), &["money"]));
        assert_eq!(Classification::default().risk(), Risk::Low);
    }

    #[test]
    fn labels_are_kept_sorted_each_once() {
        assert_eq!(of(None, &[" b", "a", "b "]).checked(), Ok(of(None, &["a", "b"])));
        for odd in ["", "  ", "two\nlines", &"x".repeat(LONGEST_LABEL + 1)] {
            assert_eq!(of(None, &[odd]).checked().unwrap_err().0, "tags", "{odd:?}");
        }
        let many: Vec<String> = (0..=MOST_LABELS).map(|number| number.to_string()).collect();
        let many = Classification { frameworks: many, ..Classification::default() };
        assert_eq!(many.checked().unwrap_err().0, "frameworks");
    }

    #[test]
    fn r_p_3_from_high_on_another_eye_is_wanted() {
        let wants: Vec<bool> = Risk::ALL.iter().map(|risk| risk.wants_another_eye()).collect();
        assert_eq!(wants, [false, false, true, true]);
    }
}
