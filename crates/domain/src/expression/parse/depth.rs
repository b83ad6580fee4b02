//! How deep the tree of a source can be at most, seen before it is parsed: the parser recurses along chains such as
//! `a.b.c` and `a == b == c`, which its own limit does not count.

/// How long a way from the root of a tree to a leaf may be.
const LONGEST_WAY: u32 = 72;
/// How much a bracket adds to it: there are several rules of the grammar between two brackets.
const BRACKET: u32 = 6;

/// Where a source stands too deep, in bytes.
///
/// Every bracket, every link of a chain and every prefix lengthens the way. `&&`, `||`, `?`, `:` and commas begin a new
/// chain: the parser balances the first two, and counts the others itself.
pub(super) fn too_deep(source: &str) -> Option<usize> {
    // For each open bracket: how long the way was when it opened, and how long it is.
    let mut ways = vec![(0_u32, 0_u32)];
    let mut rest = source;
    let mut raw = false;
    while let Some(letter) = rest.chars().next() {
        let at = source.len() - rest.len();
        let (base, way) = ways.last().copied()?;
        let mut length = letter.len_utf8();
        let mut next = way;
        match letter {
            '\'' | '"' => length = text(rest, letter, raw),
            '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
            '(' | '[' | '{' => ways.push((way + BRACKET, way + BRACKET)),
            ')' | ']' | '}' => {
                if ways.len() > 1 {
                    ways.pop();
                }
                next = ways.last().map_or(0, |(_, way)| way + 1);
            }
            '&' | '|' | '?' | ':' | ',' => next = base,
            letter if letter.is_alphanumeric() || letter == '_' => {
                length = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
                let word = rest.get(..length).unwrap_or_default();
                raw = matches!(word, "r" | "R" | "br" | "bR" | "Br" | "BR");
                next = way + u32::from(word == "in");
            }
            letter if letter.is_whitespace() => {}
            _ => next = way + 1,
        }
        if !letter.is_alphanumeric() {
            raw = false;
        }
        if !matches!(letter, '(' | '[' | '{')
            && let Some(last) = ways.last_mut()
        {
            last.1 = next;
        }
        if ways.last().is_some_and(|(_, way)| *way > LONGEST_WAY) {
            return Some(at);
        }
        rest = rest.get(length..)?;
    }
    None
}

/// How long a literal text with these quotes is, in bytes; all of the rest when it does not end.
fn text(rest: &str, quote: char, raw: bool) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let end = if rest.starts_with(&triple) { triple } else { quote.to_string() };
    let begun = end.len();
    let mut letters = rest.char_indices().filter(|(at, _)| *at >= begun);
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && !raw {
            letters.next();
        } else if rest.get(at..).is_some_and(|rest| rest.starts_with(&end)) {
            return at + end.len();
        }
    }
    rest.len()
}
