//! Rust source as text: comments and literals blanked out, words, and the paths that are named.
//!
//! It reads what the rule of dependencies needs and no more: no expressions, no types, no macros.

/// A word or one character of punctuation.
#[derive(Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

pub(super) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for (text, line) in code.lines().zip(1..) {
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let (text, tail) = rest.split_at(if word == 0 { first.len_utf8() } else { word });
            found.push(Token { text, line });
            rest = tail.trim_start();
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(super) fn words_at(tokens: &[Token], at: usize, words: &[&str]) -> bool {
    let end = at + words.len();
    end <= tokens.len() && tokens[at..end].iter().zip(words).all(|(token, word)| token.text == *word)
}

/// The line on which the item that begins at `at` ends: its closing brace, or its semicolon.
pub(super) fn item_end(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for token in &tokens[at.min(tokens.len())..] {
        match token.text {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(token.text, "}" | ";") {
            return token.line;
        }
    }
    usize::MAX
}

/// A path as it was written, groups in braces taken apart, `self` and `super` replaced.
pub(super) struct NamedPath<'a> {
    pub(super) segments: Vec<&'a str>,
    pub(super) line: usize,
}

/// Every path of two segments or more, and every plain `use`.
pub(super) fn paths<'a>(tokens: &[Token<'a>], file_module: &[&'a str]) -> Vec<NamedPath<'a>> {
    let mut found = Vec::new();
    let mut module = file_module.to_vec();
    // Depth of braces at which each inline module began.
    let mut inline = Vec::new();
    let mut depth = 0;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text {
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if inline.last() == Some(&depth) {
                    inline.pop();
                    module.pop();
                }
            }
            "mod" if tokens.get(at + 2).is_some_and(|token| token.text == "{") => {
                inline.push(depth);
                module.push(tokens[at + 1].text);
                at += 1;
            }
            text if text.starts_with(is_word) => {
                let used = at > 0 && tokens[at - 1].text == "use";
                let begun = found.len();
                let next = expand(tokens, at, &[], &mut found);
                if next == at + 1 && !used {
                    found.truncate(begun);
                }
                for path in &mut found[begun..] {
                    make_absolute(&mut path.segments, &module);
                }
                at = next;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Reads one path, or one group of them, from `at`; returns where it ends.
fn expand<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    found: &mut Vec<NamedPath<'a>>,
) -> usize {
    let line = tokens[at].line;
    let mut segments = prefix.to_vec();
    loop {
        match tokens.get(at).map(|token| token.text) {
            Some("{") => return expand_group(tokens, at + 1, &segments, found),
            // `{self}` is the prefix itself.
            Some("self") if !segments.is_empty() => {}
            Some(text) if text == "*" || text.starts_with(is_word) => segments.push(text),
            _ => break,
        }
        at += 1;
        if !words_at(tokens, at, &[":", ":"]) {
            break;
        }
        at += 2;
    }
    found.push(NamedPath { segments, line });
    at
}

fn expand_group<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    prefix: &[&'a str],
    found: &mut Vec<NamedPath<'a>>,
) -> usize {
    while let Some(token) = tokens.get(at) {
        match token.text {
            "}" => return at + 1,
            text if text == "*" || text == "{" || text.starts_with(is_word) => {
                at = expand(tokens, at, prefix, found);
            }
            _ => at += 1,
        }
    }
    at
}

fn make_absolute<'a>(segments: &mut Vec<&'a str>, module: &[&'a str]) {
    let ups = segments.iter().take_while(|segment| **segment == "super").count();
    let own = usize::from(segments.first() == Some(&"self"));
    if ups + own == 0 {
        return;
    }
    let base = &module[..module.len().saturating_sub(ups)];
    segments.splice(..ups + own, base.iter().copied());
}

/// The text with everything between comment marks and quotes made blank; lines stay where they are.
pub(super) fn blank_comments_and_literals(text: &str) -> String {
    let mut rest = text;
    let mut code = String::with_capacity(text.len());
    while let Some(first) = rest.chars().next() {
        let after_word = code.ends_with(is_word);
        let blank = blank_length(rest, after_word);
        let (taken, tail) = rest.split_at(if blank == 0 { first.len_utf8() } else { blank });
        if blank == 0 {
            code.push_str(taken);
        } else {
            code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = tail;
    }
    code
}

/// Bytes of the comment or literal that `rest` begins with, or 0.
fn blank_length(rest: &str, after_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment_length(rest);
    }
    if rest.starts_with('"') {
        return quoted_length(rest, '"');
    }
    if !after_word && rest.starts_with(['r', 'b', 'c']) {
        return raw_string_length(rest);
    }
    if rest.starts_with('\'') {
        return char_length(rest);
    }
    0
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        let step = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `br"…"`, `cr"…"`: no escapes inside.
fn raw_string_length(rest: &str) -> usize {
    let marks = rest.trim_start_matches(['b', 'c']);
    let Some(hashes) = marks.strip_prefix('r') else { return 0 };
    let count = hashes.len() - hashes.trim_start_matches('#').len();
    if !hashes[count..].starts_with('"') {
        return 0;
    }
    let start = rest.len() - hashes.len() + count + 1;
    let end = format!("\"{}", "#".repeat(count));
    rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
}

/// A character literal; a lifetime has no closing quote one character on.
fn char_length(rest: &str) -> usize {
    let mut inside = rest.chars().skip(1);
    match (inside.next(), inside.next()) {
        (Some('\\'), _) => quoted_length(rest, '\''),
        (Some(c), Some('\'')) => c.len_utf8() + 2,
        _ => 0,
    }
}
