//! The one place where a failure becomes text and an exit code.

use std::fmt::Write as _;
use std::io;

/// An option is missing that another one, or the command, needs.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    /// A principal or a resource is named by both of these.
    #[error("--resource-type and --resource are required")]
    ResourceIncomplete,
    /// An entitlement was named by an empty text.
    #[error("--entitlement must not be empty")]
    EntitlementEmpty,
    /// A resource type was named by an empty text.
    #[error("--resource-type must not be empty")]
    ResourceTypeEmpty,
}

/// Tells whether the reader of our output went away, which is no failure (`baton grants | head`).
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

/// Returns the exit code: the number of the gRPC status that the upstream explorer fails with.
///
/// 5 (not found) for an unknown sync, 9 (failed precondition) for an unfinished one, else 2 (unknown).
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    match error.chain().find_map(|cause| cause.downcast_ref::<c1z::Error>()) {
        Some(c1z::Error::NoSuchSync { .. }) => 5,
        Some(c1z::Error::Unfinished { .. }) => 9,
        _ => 2,
    }
}

/// Returns the text for standard error: `Error: `, the causes in one line, then the hints.
pub(crate) fn text(error: &anyhow::Error) -> String {
    let (mut message, mut hints) = (String::from("Error: "), String::new());
    for (depth, cause) in error.chain().enumerate() {
        let text = cause_text(cause);
        let (head, hint) = text.split_once("\nhint: ").unwrap_or((&text, ""));
        if depth > 0 {
            message.push_str(": ");
        }
        message.push_str(head);
        if !hint.is_empty() {
            let _ = write!(hints, "\nhint: {hint}");
        }
    }
    message + &hints
}

fn cause_text(cause: &(dyn std::error::Error + 'static)) -> String {
    match cause.downcast_ref::<c1z::Error>() {
        // The text that scripts for the upstream explorer look for.
        Some(c1z::Error::Missing { path }) => format!(
            "pebble: read-only open: {path} does not exist or is empty\nhint: name the file of a sync with `--file`"
        ),
        _ => cause.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    #[test]
    fn hints_come_after_all_causes() {
        let cause = io::Error::other("no space");
        let error = Err::<(), _>(cause)
            .context("write `a`\nhint: free some space")
            .context("export\nhint: choose another folder")
            .unwrap_err();
        assert_eq!(
            text(&error),
            "Error: export: write `a`: no space\nhint: choose another folder\nhint: free some space"
        );
    }

    #[test]
    fn exit_codes_are_those_of_the_status() {
        for (error, code) in [
            (c1z::Error::NoSuchSync { sync: c1z::SyncId::from("x".to_owned()) }, 5),
            (c1z::Error::Unfinished { sync: c1z::SyncId::from("x".to_owned()) }, 9),
            (c1z::Error::Missing { path: "a".into() }, 2),
        ] {
            assert_eq!(exit_code(&anyhow::Error::from(error).context("read")), code);
        }
    }

    #[test]
    fn a_missing_file_has_the_text_that_scripts_know() {
        let error = anyhow::Error::from(c1z::Error::Missing { path: "a.c1z".into() });
        assert!(text(&error).starts_with("Error: pebble: read-only open: a.c1z does not exist or is empty\n"));
    }
}
