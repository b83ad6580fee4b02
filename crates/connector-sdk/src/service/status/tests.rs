use super::*;

#[test]
fn texts_have_the_layers_of_a_go_connector() {
    let error = Error::not_found("no such user").context("grant failed");
    let text = "grant failed: rpc error: code = NotFound desc = no such user";
    assert_eq!(status(&error), Status { code: 5, message: text.to_owned(), details: Vec::new() });
    let last = non_retryable_status(&error);
    assert_eq!(last.code, 5);
    assert_eq!(last.message, format!("rpc error: code = NotFound desc = {text}\ntask failed and is non-retryable"));
    assert_eq!(malformed_status("malformed").message, "malformed\ntask failed and is non-retryable");

    let plain = non_retryable_status(&Error::unknown("disk full"));
    assert_eq!(plain.message, "rpc error: code = Unknown desc = disk full\ntask failed and is non-retryable");
}

#[test]
fn the_layers_above_keep_the_details() {
    let error = Error::declined("closed for the winter").context("grant failed");
    let info: ErrorInfo = crate::annotations::pick(&status(&error).details).unwrap().unwrap();
    assert_eq!(info.metadata["reason"], "closed for the winter");
    assert_eq!(non_retryable_status(&error).details, status(&error).details);
    assert_eq!(status(&Error::unknown("")).details, []);
}

#[test]
fn long_texts_are_cut_between_characters() {
    let error = Error::unknown(format!("x{}", "é".repeat(MAX_TEXT_BYTES)));
    let message = status(&error).message;
    assert_eq!(message.len(), MAX_TEXT_BYTES - 1);
    assert!(message.ends_with('é'));
}
