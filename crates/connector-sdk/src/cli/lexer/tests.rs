use super::*;
use crate::cli::default_fields::DEFAULTS;

fn args(line: &str) -> Vec<String> {
    line.split('|').filter(|arg| !arg.is_empty()).map(str::to_owned).collect()
}

/// The flags as `name=value`, then the words.
fn check(line: &str, expect: Result<&str, &str>) {
    let fields: Vec<Field> = DEFAULTS.iter().copied().chain([HELP, VERSION]).collect();
    let found = parse(&args(line), &fields).map(|parsed| {
        let flags = parsed.flags.iter().map(|(name, value)| match value {
            Value::Text(text) => format!("{name}={text}"),
            Value::Bool(on) => format!("{name}={on}"),
            Value::Int(number) => format!("{name}={number}"),
            Value::List(values) => format!("{name}={}", values.join(";")),
        });
        flags.chain(parsed.words.iter().cloned()).collect::<Vec<_>>().join(" ")
    });
    assert_eq!(found.as_deref().map_err(String::as_str), expect, "{line}");
}

#[test]
fn flags_are_read_like_pflag() {
    check("", Ok(""));
    check("--file|a.c1z", Ok("file=a.c1z"));
    check("--file=a.c1z", Ok("file=a.c1z"));
    check("--file=", Ok("file="));
    check("--file=a=b", Ok("file=a=b"));
    check("--file|--ticketing", Ok("file=--ticketing"));
    check("-f|a.c1z", Ok("file=a.c1z"));
    check("-fa.c1z", Ok("file=a.c1z"));
    check("-f=a.c1z", Ok("file=a.c1z"));
    check("-f=", Ok("file=="));
    check("-p", Ok("provisioning=true"));
    check("-p=false", Ok("provisioning=false"));
    check("-pf|a.c1z", Ok("provisioning=true file=a.c1z"));
    check("-pfa.c1z", Ok("provisioning=true file=a.c1z"));
    check("-hv", Ok("help=true version=true"));
    check("--provisioning|true", Ok("provisioning=true true"));
    check("--provisioning=T", Ok("provisioning=true"));
    check("--file|a|--file|b", Ok("file=b"));
    check("--log-path|a,b|--log-path|\"c,d\"", Ok("log-path=a;b;c,d"));
    check("--workers|-1", Ok("workers=-1"));
    check("--workers=0x10", Ok("workers=16"));
    check("--ticketing|--|--file|x", Ok("ticketing=true --file x"));
    check("one|-|two", Ok("one - two"));
}

#[test]
fn what_is_wrong_is_said_like_pflag() {
    check("--bogus", Err("unknown flag: --bogus"));
    check("--bogus=1", Err("unknown flag: --bogus"));
    check("-x", Err("unknown shorthand flag: 'x' in -x"));
    check("-px", Err("unknown shorthand flag: 'x' in -x"));
    check("-p=", Err("unknown shorthand flag: '=' in -="));
    check("--file", Err("flag needs an argument: --file"));
    check("-f", Err("flag needs an argument: 'f' in -f"));
    check("-pf", Err("flag needs an argument: 'f' in -f"));
    check("---file", Err("bad flag syntax: ---file"));
    check("--=x", Err("bad flag syntax: --=x"));
    check(
        "--provisioning=maybe",
        Err("invalid argument \"maybe\" for \"-p, --provisioning\" flag: \
             strconv.ParseBool: parsing \"maybe\": invalid syntax"),
    );
    check(
        "--ticketing=",
        Err("invalid argument \"\" for \"--ticketing\" flag: strconv.ParseBool: parsing \"\": invalid syntax"),
    );
    check(
        "--workers=many",
        Err("invalid argument \"many\" for \"--workers\" flag: strconv.ParseInt: parsing \"many\": invalid syntax"),
    );
    check(
        "--workers=9223372036854775808",
        Err("invalid argument \"9223372036854775808\" for \"--workers\" flag: \
             strconv.ParseInt: parsing \"9223372036854775808\": value out of range"),
    );
    check(
        "--log-path=a\"",
        Err("invalid argument \"a\\\"\" for \"--log-path\" flag: \
             parse error on line 1, column 2: bare \" in non-quoted-field"),
    );
}

#[test]
fn the_first_word_is_found_among_flags() {
    for (line, expect) in [
        ("config", Some(0)),
        ("--file|x|config", Some(2)),
        ("--file=x|config", Some(1)),
        ("--ticketing|config", Some(1)),
        ("-f|x|config", Some(2)),
        ("-fx|config", Some(1)),
        ("-p|config", Some(1)),
        ("--endpoint|ready|health-check", Some(2)),
        ("--|config", None),
        ("--file", None),
        ("", None),
    ] {
        assert_eq!(first_word(&args(line), DEFAULTS), expect, "{line}");
    }
}

proptest::proptest! {
    /// Whatever the arguments are, they are read or refused; what stands behind `--` is a word as it is.
    #[test]
    fn any_arguments_are_read_or_refused(
        before in proptest::collection::vec("-{0,3}[a-z=,\"]{0,6}", 0..4),
        behind in proptest::collection::vec(".{0,6}", 0..4),
    ) {
        let fields: Vec<Field> = DEFAULTS.iter().copied().chain([HELP, VERSION]).collect();
        let _ = parse(&before, &fields);
        let all: Vec<String> = ["--".to_owned()].into_iter().chain(behind.clone()).collect();
        proptest::prop_assert_eq!(parse(&all, &fields).map(|parsed| parsed.words), Ok(behind));
        proptest::prop_assert!(first_word(&before, &fields).is_none_or(|at| !before[at].starts_with('-') || before[at] == "-"));
    }

    #[test]
    fn integers_survive_writing(number in proptest::num::i64::ANY) {
        proptest::prop_assert_eq!(parse_int(&number.to_string()), Ok(number));
    }

    #[test]
    fn quoted_lists_are_read_as_written(values in proptest::collection::vec("[^\r\n]{0,6}", 1..4)) {
        let quoted: Vec<String> = values.iter().map(|value| format!("\"{}\"", value.replace('"', "\"\""))).collect();
        proptest::prop_assert_eq!(parse_list(&quoted.join(",")), Ok(values));
    }
}
