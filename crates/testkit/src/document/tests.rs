use super::{Step, is_match, replay, steps};
use camino::Utf8PathBuf;

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::try_from(dir.path().to_owned()).unwrap();
    (dir, path)
}

#[test]
fn steps_are_commands_with_what_they_print() {
    let text = "x\n```console\n$ echo a \\\n  b\na b\n$ false\n[exit 1]\n```\n```sh\n$ not this\n```\n";
    let step = |line, command: &str, expected: &str, exit_code| Step {
        line,
        command: command.to_owned(),
        expected: expected.to_owned(),
        exit_code,
    };
    assert_eq!(steps(text), [step(3, "echo a \\\n  b", "a b\n", 0), step(6, "false", "", 1)]);
}

#[test]
fn wildcards_match_within_and_across_lines() {
    for (expected, printed, is_equal) in [
        ("a\n", "a  \n\n", true),
        ("a [..] c\n", "a b c\n", true),
        ("a [..] c\n", "a b d\n", false),
        ("a\n...\nd\n", "a\nb\nc\nd\n", true),
        ("a\n...\nd\n", "a\nd\n", true),
        ("a\n...\n", "b\n", false),
        ("", "x\n", false),
    ] {
        assert_eq!(is_match(expected, printed), is_equal, "{expected:?} against {printed:?}");
    }
}

#[test]
fn a_wrong_text_a_wrong_exit_code_and_an_empty_document_fail() {
    let (_guard, dir) = folder();
    let file = dir.join("doc.md");
    for (text, is_ok) in [
        ("```console\n$ echo $WORD\nhello\n```\n", true),
        ("```console\n$ echo $WORD\nbye\n```\n", false),
        ("```console\n$ exit 3\n```\n", false),
        ("```console\n$ exit 3\n[exit 3]\n```\n", true),
        ("no session\n", false),
    ] {
        std::fs::write(&file, text).unwrap();
        assert_eq!(replay(&file, &dir, &[], &[("WORD", "hello")]).is_ok(), is_ok, "{text}");
    }
}
