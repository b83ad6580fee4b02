//! A tree for people, drawn with lines.

use std::io::Write;

use super::style::{Colour, Style, printable};

/// A line of a tree and what hangs below it.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The text of the line.
    pub(crate) text: String,
    /// What hangs below.
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// Returns a line with nothing below it.
    pub(crate) fn leaf(text: impl Into<String>) -> Self {
        Self { text: text.into(), children: Vec::new() }
    }

    /// Writes the tree, and a blank line.
    pub(crate) fn write(&self, out: &mut dyn Write, style: Style) -> anyhow::Result<()> {
        self.write_below(out, style, "", true)?;
        writeln!(out)?;
        Ok(())
    }

    fn write_below(&self, out: &mut dyn Write, style: Style, indent: &str, is_last: bool) -> anyhow::Result<()> {
        let corner = if is_last { "└─" } else { "├─" };
        let arm = if self.children.is_empty() { "─" } else { "┬" };
        style.paint(out, Colour::Gray, &format!("{indent}{corner}{arm}"))?;
        writeln!(out, "{}", printable(&self.text))?;
        let indent = format!("{indent}{} ", if is_last { " " } else { "│" });
        for (index, child) in self.children.iter().enumerate() {
            child.write_below(out, style, &indent, index + 1 == self.children.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_join_siblings() {
        let role = |name: &str, slugs: &[&str]| Node {
            text: format!("{name} (Role)"),
            children: slugs.iter().map(|slug| Node::leaf(*slug)).collect(),
        };
        let tree = Node {
            text: "Effective Access for Ada (user)".into(),
            children: vec![role("editor", &["assigned", "owned"]), role("vie\u{1b}wer", &["assigned"])],
        };
        let mut out = Vec::new();
        tree.write(&mut out, Style::Plain).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\
└─┬Effective Access for Ada (user)
  ├─┬editor (Role)
  │ ├──assigned
  │ └──owned
  └─┬vie\u{fffd}wer (Role)
    └──assigned

"
        );
    }
}
