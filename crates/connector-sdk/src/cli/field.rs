//! One setting: its flag, its environment variable, its key in the config file and its place in `config`.
//!
//! Start at [`Field`]. Parsing, help, completions and the exported schema are all derived from tables of fields
//! ([`super::default_fields`] and the connector's own), so that they cannot disagree.

/// A setting. Made in a `const`, read back with [`super::Config`].
///
/// ```
/// use connector_sdk::cli::{Export, Field};
/// const TOKEN: Field = Field::text("acme-token", "The API token").required().secret().export(Export::Gui);
/// assert_eq!(TOKEN.env_name(), "BATON_ACME_TOKEN");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name of the flag and key in the config file, lower case with dashes.
    pub name: &'static str,
    /// One-letter flag.
    pub short: Option<char>,
    /// Type and default.
    pub kind: Kind,
    /// One sentence for help and `config`.
    pub description: &'static str,
    /// Label in a setup form; empty when the name will do.
    pub display_name: &'static str,
    /// Whether help and completions leave it out.
    pub hidden: bool,
    /// Where `config` lists it.
    pub export: Export,
    /// Whether a run needs it.
    pub required: bool,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// What its value must satisfy.
    pub rule: Rule,
    /// Where its value may come from.
    pub origin: Origin,
}

/// Type and default of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, verbatim.
    Text(&'static str),
    /// True or false; false by default.
    Bool,
    /// A whole number.
    Int(i64),
    /// Several texts; none by default.
    List,
}

/// Where `config` lists a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Nowhere.
    Nowhere,
    /// In the setup form.
    Gui,
    /// Among the operator's settings.
    Ops,
}

/// What a value must satisfy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Any,
    /// A number between these two, both included.
    Range(i64, i64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
}

/// Where a value may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Flag, environment or config file.
    Everywhere,
    /// Only the flag.
    FlagOnly,
}

impl Field {
    /// A text, empty by default.
    #[must_use]
    pub const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Text(""), description)
    }

    /// A switch, off by default.
    #[must_use]
    pub const fn bool(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::Bool, description)
    }

    /// A whole number with this default.
    #[must_use]
    pub const fn int(name: &'static str, default: i64, description: &'static str) -> Self {
        Self::new(name, Kind::Int(default), description)
    }

    /// A list, empty by default.
    #[must_use]
    pub const fn list(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Kind::List, description)
    }

    const fn new(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            short: None,
            kind,
            description,
            display_name: "",
            hidden: false,
            export: Export::Nowhere,
            required: false,
            secret: false,
            rule: Rule::Any,
            origin: Origin::Everywhere,
        }
    }

    /// With this default text.
    #[must_use]
    pub const fn default_text(mut self, text: &'static str) -> Self {
        self.kind = Kind::Text(text);
        self
    }

    /// With a one-letter flag.
    #[must_use]
    pub const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// With a label for setup forms.
    #[must_use]
    pub const fn display_name(mut self, display_name: &'static str) -> Self {
        self.display_name = display_name;
        self
    }

    /// Left out of help and completions.
    #[must_use]
    pub const fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Listed there by `config`.
    #[must_use]
    pub const fn export(mut self, export: Export) -> Self {
        self.export = export;
        self
    }

    /// A run needs it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Its value is never shown.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Its value must satisfy this.
    #[must_use]
    pub const fn rule(mut self, rule: Rule) -> Self {
        self.rule = rule;
        self
    }

    /// Neither environment nor config file set it.
    #[must_use]
    pub const fn flag_only(mut self) -> Self {
        self.origin = Origin::FlagOnly;
        self
    }

    /// The environment variable: `BATON_` and the name in upper case, `_` for `-`.
    ///
    /// Source: connector-cli §1.1.
    #[must_use]
    pub fn env_name(&self) -> String {
        format!("BATON_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// The flag as messages name it: `-p, --provisioning` or `--ticketing`.
    pub(super) fn flag_name(&self) -> String {
        match self.short {
            Some(short) => format!("-{short}, --{}", self.name),
            None => format!("--{}", self.name),
        }
    }

    /// The word for its type in help: empty for switches.
    pub(super) fn type_word(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "string",
            Kind::Bool => "",
            Kind::Int(_) => "int",
            Kind::List => "strings",
        }
    }
}
