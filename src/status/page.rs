//! The live page of `paging status --watch`: as many lines as fit, of what matters most.
//!
//! Lines that are too long go on in the next one, by words. Where there are too many, the longest section is cut, and says
//! how much is left out; after that sections go, the last one first.

use super::snapshot::Status;
use super::text::{Item, Section, title};

/// Lines that fit a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page(Vec<String>);

impl Page {
    /// The page of a terminal of `width` by `height` letters. Nothing in it is a control character.
    #[must_use]
    pub fn new(status: &Status, (width, height): (usize, usize)) -> Self {
        let mut blocks: Vec<_> =
            Section::all(status).iter().map(|section| Block::new(section, width)).collect();
        blocks.retain(|block| !block.items.is_empty());
        let first = title(status);
        while 1 + blocks.iter().map(Block::height).sum::<usize>() > height && shrink(&mut blocks) {}
        let lines = std::iter::once(first).chain(blocks.iter().flat_map(Block::lines));
        Self(lines.take(height).map(|line| cut(&line, width)).collect())
    }

    /// The page of a box of which there is only this to say.
    #[must_use]
    pub fn of_sentence(sentence: &str, (width, height): (usize, usize)) -> Self {
        let lines = wrapped(sentence, "", width).into_iter().take(height);
        Self(lines.map(|line| cut(&line, width)).collect())
    }

    /// From the top.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.0
    }
}

/// A section on its way to the page.
struct Block {
    title: &'static str,
    names: [&'static str; 2],
    items: Vec<Vec<String>>,
    /// How many of them are left out.
    hidden: usize,
}

impl Block {
    fn new(section: &Section, width: usize) -> Self {
        let indent = if section.title.is_empty() { "" } else { INDENT };
        let items = section.items.iter().map(|item| lines(item, indent, width)).collect();
        Self { title: section.title, names: section.names, items, hidden: 0 }
    }

    fn shown(&self) -> &[Vec<String>] {
        &self.items[..self.items.len() - self.hidden]
    }

    fn height(&self) -> usize {
        let title = usize::from(!self.title.is_empty());
        title + self.shown().iter().map(Vec::len).sum::<usize>() + usize::from(self.hidden > 0)
    }

    fn lines(&self) -> Vec<String> {
        let title = Some(self.title.to_owned()).filter(|title| !title.is_empty());
        let [one, several] = self.names;
        let more = match self.hidden {
            0 => None,
            1 => Some(format!("{INDENT}and 1 {one} more")),
            count => Some(format!("{INDENT}and {count} {several} more")),
        };
        title.into_iter().chain(self.shown().iter().flatten().cloned()).chain(more).collect()
    }
}

/// Makes the page smaller; false when there is nothing left to leave out.
fn shrink(blocks: &mut Vec<Block>) -> bool {
    let longest = blocks.iter_mut().filter(|block| block.shown().len() > 1);
    if let Some(block) = longest.max_by_key(|block| block.height()) {
        // Two at first: the line that says so takes the place of one.
        block.hidden += if block.hidden == 0 && block.shown().len() > 2 { 2 } else { 1 };
        return true;
    }
    blocks.pop().is_some()
}

fn lines(item: &Item, indent: &str, width: usize) -> Vec<String> {
    let mut lines = wrapped(&item.text, indent, width);
    let room = width.saturating_sub(indent.len() + INDENT.len());
    lines.extend(item.meter(room).map(|meter| format!("{indent}{INDENT}{meter}")));
    lines
}

/// `text` in lines of up to `width` letters; those after the first are indented once more.
fn wrapped(text: &str, indent: &str, width: usize) -> Vec<String> {
    let mut lines = vec![indent.to_owned()];
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let needed = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if needed > width && !is_empty {
            lines.push(format!("{indent}{INDENT}{word}"));
        } else {
            line.push_str(if is_empty { "" } else { " " });
            line.push_str(word);
        }
        is_empty = false;
    }
    lines
}

/// At most `width` letters, none of which moves the cursor.
fn cut(line: &str, width: usize) -> String {
    let clean = |c: char| if c.is_control() { '?' } else { c };
    let is_long = line.chars().count() > width;
    let kept: String =
        line.chars().take(if is_long { width.saturating_sub(1) } else { width }).map(clean).collect();
    if is_long && width > 0 { kept + "…" } else { kept }
}

const INDENT: &str = "  ";
