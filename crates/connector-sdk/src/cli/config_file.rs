//! The config file: which one it is, and what it says.
//!
//! Only the working directory is looked at. Whatever the extension, the content is YAML. A file that is missing or not
//! YAML counts as empty: flags and environment may suffice.
//!
//! Source: connector-cli §1.2.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The environment variable that names the file.
const PATH_VARIABLE: &str = "BATON_CONFIG_PATH";
/// The base name of the file.
const BASE_NAME: &str = ".baton";
/// The extensions that are tried, in this order, then none.
const EXTENSIONS: [&str; 13] =
    ["json", "toml", "yaml", "yml", "properties", "props", "prop", "hcl", "tfvars", "dotenv", "env", "ini", ""];
/// No sensible config file is larger, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// The content, by lower-case key.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    values: HashMap<String, serde_json::Value>,
}

impl ConfigFile {
    /// What the file says under this key.
    pub(super) fn get(&self, key: &str) -> Option<&serde_json::Value> {
        self.values.get(key)
    }

    /// Reads the file, if there is one.
    pub(super) fn read(path: &Path, warnings: &mut Vec<String>) -> Self {
        match read(path) {
            Ok(values) => Self { values },
            Err(why) => {
                warnings.push(format!("the config file `{}` is ignored: {why}", path.display()));
                Self::default()
            }
        }
    }
}

/// The file to read: the one that the environment names, else the first in `folder` with one of the known names.
///
/// # Errors
/// The message, when the environment names a file that is not `.yaml` or `.yml`.
pub(super) fn find(folder: &Path, environment: impl Fn(&str) -> Option<String>) -> Result<Option<PathBuf>, String> {
    if let Some(named) = environment(PATH_VARIABLE).filter(|named| !named.is_empty()) {
        let path = folder.join(&named);
        return match path.extension().and_then(|extension| extension.to_str()) {
            Some("yaml" | "yml") => Ok(Some(path).filter(|path| path.is_file())),
            _ => Err(format!("expected config file to have .yaml or .yml extension, got `{named}` in {PATH_VARIABLE}")),
        };
    }
    let candidate = |extension: &str| {
        let dot = if extension.is_empty() { "" } else { "." };
        folder.join(format!("{BASE_NAME}{dot}{extension}"))
    };
    Ok(EXTENSIONS.into_iter().map(candidate).find(|path| path.is_file()))
}

fn read(path: &Path) -> Result<HashMap<String, serde_json::Value>, String> {
    let mut text = String::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_SIZE + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if u64::try_from(text.len()).is_ok_and(|size| size > MAX_SIZE) {
        return Err(format!("it is larger than {MAX_SIZE} bytes"));
    }
    // Snippets in errors would show secrets; `yes` and `on` are texts, as the Go connectors read them.
    let options =
        serde_saphyr::Options { strict_booleans: true, with_snippet: false, ..serde_saphyr::Options::default() };
    let content: serde_json::Value =
        serde_saphyr::from_str_with_options(&text, options).map_err(|error| not_yaml(&error))?;
    match content {
        serde_json::Value::Null => Ok(HashMap::new()),
        serde_json::Value::Object(entries) => {
            Ok(entries.into_iter().map(|(key, value)| (key.to_lowercase(), value)).collect())
        }
        _ => Err("it is no map of settings".to_owned()),
    }
}

/// Where it stops being YAML, without its words: they may quote a secret.
fn not_yaml(error: &serde_saphyr::Error) -> String {
    match error.location() {
        Some(location) => format!("it is not YAML at line {}, column {}", location.line(), location.column()),
        None => "it is not YAML".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str], variable: Option<&str>) -> Result<Option<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let environment = |name: &str| (name == PATH_VARIABLE).then(|| variable.map(str::to_owned)).flatten();
        let path = find(folder.path(), environment)?;
        Ok(path.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()))
    }

    #[test]
    fn the_file_is_found_by_its_name_in_the_working_directory() {
        for (names, named, expect) in [
            (&[][..], None, None),
            (&[".baton.yaml"], None, Some(".baton.yaml")),
            (&[".baton.yml"], None, Some(".baton.yml")),
            (&[".baton"], None, Some(".baton")),
            (&[".baton.json", ".baton.yaml"], None, Some(".baton.json")),
            (&[".baton.yaml", ".baton"], None, Some(".baton.yaml")),
            (&["baton.yaml", ".baton.txt"], None, None),
            (&[".baton.yaml", "mine.yml"], Some("mine.yml"), Some("mine.yml")),
            (&[".baton.yaml"], Some("missing.yaml"), None),
            (&[".baton.yaml"], Some(""), Some(".baton.yaml")),
        ] {
            assert_eq!(found(names, named).unwrap().as_deref(), expect, "{names:?} {named:?}");
        }
    }

    #[test]
    fn another_extension_in_the_environment_is_refused() {
        for named in ["mine.json", "mine", "mine.YAML"] {
            let error = found(&[named], Some(named)).unwrap_err();
            assert!(error.starts_with("expected config file to have .yaml or .yml extension"), "{error}");
        }
    }

    #[test]
    fn what_is_not_yaml_is_ignored_with_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".baton.yaml");
        for (text, why) in [
            ("", None),
            ("a: 1\nB: x", None),
            ("{\"a\": [1]}", None),
            ("a: [1", Some("it is not YAML")),
            ("acme-token = \"s3cret\"\n[table]\n", Some("is ignored")),
            ("- a\n", Some("it is no map of settings")),
            ("just text", Some("it is no map of settings")),
            ("a: 1\na: 2\n", Some("it is not YAML")),
        ] {
            std::fs::write(&path, text).unwrap();
            let mut warnings = Vec::new();
            let file = ConfigFile::read(&path, &mut warnings);
            match why {
                Some(why) => {
                    assert!(warnings.iter().any(|warning| warning.contains(why)), "{text}: {warnings:?}");
                    assert!(!warnings.concat().contains("s3cret"));
                    assert!(file.values.is_empty());
                }
                None => assert!(warnings.is_empty(), "{text}: {warnings:?}"),
            }
        }
    }
}
