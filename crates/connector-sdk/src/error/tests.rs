use super::*;

#[test]
fn codes_have_the_numbers_of_grpc() {
    for (number, code) in Code::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(code.number()), number);
        assert_eq!(Code::from_number(i32::from(code.number())), code);
    }
    assert_eq!(Code::from_number(17), Code::Unknown);
    assert_eq!(Code::from_number(-1), Code::Unknown);
    assert_eq!(Code::Unauthenticated.number(), 16);
}

#[test]
fn the_text_is_the_one_of_grpc() {
    let error = Error::new(Code::Unauthenticated, "401 Unauthorized");
    assert_eq!(error.to_string(), "rpc error: code = Unauthenticated desc = 401 Unauthorized");
    let outer = error.context("validate failed");
    assert_eq!(
        outer.to_string(),
        "rpc error: code = Unauthenticated desc = validate failed: \
         rpc error: code = Unauthenticated desc = 401 Unauthorized"
    );
    assert_eq!(Error::unknown("disk full").context("save").to_string(), "save: disk full");
}

#[test]
fn only_two_codes_are_transient() {
    let transient: Vec<Code> = Code::ALL.into_iter().filter(|code| Error::new(*code, "").is_transient()).collect();
    assert_eq!(transient, [Code::DeadlineExceeded, Code::Unavailable]);
}
