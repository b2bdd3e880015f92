//! The syntax of `paging.conf`: lines become section headers and pairs, each with its place.
//!
//! ```text
//! ; comment          # comment            at the start of a line or after a blank
//! [section]          [section NAME]
//! key = value        key: value           PagingServer's files may have the colon
//! key = "a ; b"                           quotes keep what would begin a comment
//! pass = a;b #c                           a secret takes the rest of the line, but for blanks around it
//! ```

use super::Position;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// `[text]`.
    Header {
        /// What stands between the brackets.
        text: &'a str,
        /// Whether there was a closing one.
        closed: bool,
    },
    /// `key = value`.
    Pair {
        /// The key as written.
        key: &'a str,
        /// The value without comment and quotes.
        value: &'a str,
        /// Where the value begins.
        value_at: Position,
    },
    /// Anything else; the first word of it.
    Stray {
        /// At most the first word.
        word: &'a str,
    },
}

/// The items of `text`, each with the place of its first letter. `is_secret` says by header text and key, both as they
/// are written, whether a value takes the rest of its line.
pub fn scan(
    text: &str,
    is_secret: impl Fn(&str, &str) -> bool,
) -> impl Iterator<Item = (Position, Item<'_>)> {
    let mut header = "";
    (1..).zip(text.split('\n')).filter_map(move |(number, line)| {
        let content = line.trim_start_matches(is_blank);
        if content.is_empty() || content.starts_with([';', '#']) {
            return None;
        }
        let line = Line { number, text: line };
        let item = line.item(content, |key| is_secret(header, key));
        if let Item::Header { text, .. } = item {
            header = text;
        }
        Some((line.position(content), item))
    })
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: u32,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn item(self, content: &'a str, is_secret: impl Fn(&str) -> bool) -> Item<'a> {
        if let Some(rest) = content.strip_prefix('[') {
            return header(rest);
        }
        let Some(at) = content.find(['=', ':']).filter(|&at| at > 0) else {
            return Item::Stray { word: content.split(char::is_whitespace).next().unwrap_or_default() };
        };
        let key = content[..at].trim_end_matches(is_blank);
        let rest = content[at + 1..].trim_start_matches(is_blank);
        if is_secret(key) {
            let value = rest.trim_end_matches(is_blank);
            return Item::Pair { key, value, value_at: self.position(rest) };
        }
        match quoted(rest) {
            // What the value is made of begins behind the quote.
            Some(value) => Item::Pair { key, value, value_at: self.position(&rest[1..]) },
            None => Item::Pair { key, value: without_comment(rest), value_at: self.position(rest) },
        }
    }

    /// Where `part`, the rest of this line from some letter on, begins.
    fn position(self, part: &str) -> Position {
        let before = &self.text[..self.text.len() - part.len()];
        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX).saturating_add(1);
        Position { line: self.number, column }
    }
}

fn header(rest: &str) -> Item<'_> {
    if let Some(end) = rest.find(']') {
        return Item::Header { text: rest[..end].trim(), closed: true };
    }
    // What looks like a pair is no part of a name.
    let name = rest.split(['=', ':']).next().unwrap_or_default();
    Item::Header { text: without_comment(name).trim(), closed: false }
}

/// What stands between quotes, when nothing but a comment follows them.
fn quoted(rest: &str) -> Option<&str> {
    let (inner, after) = rest.strip_prefix('"')?.split_once('"')?;
    let after_blanks = after.trim_start_matches(is_blank);
    let is_comment = after_blanks.starts_with([';', '#']) && after_blanks.len() < after.len();
    if after_blanks.is_empty() || is_comment { Some(inner) } else { None }
}

fn without_comment(rest: &str) -> &str {
    let mut after_blank = true;
    let end = rest.find(|c: char| {
        let begins = after_blank && matches!(c, ';' | '#');
        after_blank = is_blank(c);
        begins
    });
    rest[..end.unwrap_or(rest.len())].trim_end_matches(is_blank)
}

/// Any white space: web pages put no-break spaces into what is copied from them.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_have_their_places() {
        let text =
            "; top\n\n[sip]  ; account\n  user = 200\nptime=\t20ms # short\n[bell Early]\nnonsense here\n";
        let found: Vec<_> = items(text);
        let expected = [
            (at(3, 1), Item::Header { text: "sip", closed: true }),
            (at(4, 3), Item::Pair { key: "user", value: "200", value_at: at(4, 10) }),
            (at(5, 1), Item::Pair { key: "ptime", value: "20ms", value_at: at(5, 8) }),
            (at(6, 1), Item::Header { text: "bell Early", closed: true }),
            (at(7, 1), Item::Stray { word: "nonsense" }),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_comment_begins_after_a_blank() {
        let cases = [
            ("k = a;b#c", "a;b#c"),
            ("k = a ;b", "a"),
            ("k = a\t# b", "a"),
            ("k = ; b", ""),
            ("k =", ""),
            ("k = \"a ; b\" ; c", "a ; b"),
            ("k = \"a\"b ; c", "\"a\"b"),
            ("k = \"a\"#b", "\"a\"#b"),
            ("k = \"a", "\"a"),
            ("k = \"\"", ""),
            ("k: a", "a"),
            ("k = a = b", "a = b"),
            ("k = [::]:5060", "[::]:5060"),
            ("k\u{a0}=\u{a0}a\u{a0}", "a"),
        ];
        for (text, value) in cases {
            let found = items(text);
            let [(_, Item::Pair { key, value: found, .. })] = found.as_slice() else {
                panic!("{text}: {found:?}")
            };
            assert_eq!((*key, *found), ("k", value), "{text}");
        }
    }

    #[test]
    fn a_secret_takes_the_rest_of_the_line() {
        let cases =
            [("pass = a ;b #c ", "a ;b #c"), ("pass=\"x\"", "\"x\""), ("pass =", ""), ("pass = =", "=")];
        for (text, value) in cases {
            let text = format!("[sip]\n{text}\n");
            let found = items(&text);
            assert!(matches!(found[1].1, Item::Pair { value: v, .. } if v == value), "{text}");
        }
        let found = items("[audio]\npass = a ;b\n");
        assert!(matches!(found[1].1, Item::Pair { value: "a", .. }), "only where it is a secret");
    }

    #[test]
    fn columns_count_letters() {
        let found = items("\u{fc}\u{fc} = 1");
        assert!(
            matches!(found[0].1, Item::Pair { value_at: Position { line: 1, column: 6 }, .. }),
            "{found:?}"
        );
    }

    #[test]
    fn what_is_no_pair_is_stray() {
        for text in ["word", "= value", ": x", "]"] {
            assert!(matches!(items(text)[0].1, Item::Stray { .. }), "{text}");
        }
        assert_eq!(items("[sip ; x"), [(at(1, 1), Item::Header { text: "sip", closed: false })]);
    }

    fn items(text: &str) -> Vec<(Position, Item<'_>)> {
        scan(text, |header, key| (header, key) == ("sip", "pass")).collect()
    }

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }
}
