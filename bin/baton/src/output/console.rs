//! Tables for people: columns padded to the widest cell, a blank line at the end, no borders.
//!
//! A table goes over its rows twice, first to measure and then to write, so that its size in memory does not grow with
//! the number of rows.

use std::io::Write;

use super::style::{Colour, Style, printable, width};

/// Takes the rows of a table with `N` columns, one after the other.
pub(crate) type RowSink<'a, const N: usize> = dyn FnMut([&str; N]) -> anyhow::Result<()> + 'a;

/// Writes a table with these column titles.
///
/// `rows` is called twice with a sink and must give the same rows both times.
pub(crate) fn write_table<const N: usize>(
    out: &mut dyn Write,
    style: Style,
    titles: [&str; N],
    mut rows: impl FnMut(&mut RowSink<'_, N>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut widths = titles.map(width);
    rows(&mut |row| {
        for (widest, cell) in widths.iter_mut().zip(row) {
            *widest = (*widest).max(width(&printable(cell)));
        }
        Ok(())
    })?;
    write_line(out, style, titles, &widths, Some(Colour::Cyan))?;
    rows(&mut |row| write_line(out, style, row, &widths, None))?;
    writeln!(out)?;
    Ok(())
}

fn write_line<const N: usize>(
    out: &mut dyn Write,
    style: Style,
    row: [&str; N],
    widths: &[usize; N],
    colour: Option<Colour>,
) -> anyhow::Result<()> {
    for (index, (cell, column_width)) in row.into_iter().zip(widths).enumerate() {
        if index > 0 {
            style.paint(out, Colour::Gray, " | ")?;
        }
        let cell = printable(cell);
        match colour {
            Some(colour) => style.paint(out, colour, &cell)?,
            None => out.write_all(cell.as_bytes())?,
        }
        for _ in width(&cell)..*column_width {
            out.write_all(b" ")?;
        }
    }
    writeln!(out)?;
    Ok(())
}

/// Writes the title of a section, in a box of its own.
pub(crate) fn write_heading(out: &mut dyn Write, style: Style, title: &str) -> anyhow::Result<()> {
    let blank = " ".repeat(width(title) + 10);
    writeln!(out)?;
    for line in [&blank, &format!("     {title}     "), &blank] {
        style.paint(out, Colour::Blue, line)?;
        writeln!(out)?;
    }
    writeln!(out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(style: Style, rows: &[[&str; 2]], expect: &str) {
        let mut out = Vec::new();
        write_table(&mut out, style, ["ID", "Name"], |row| rows.iter().try_for_each(|cells| row(*cells))).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expect);
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(
            Style::Plain,
            &[["u1", "Ada\u{1b}[31m"], ["longer", "Ünal"], ["x", "山田"]],
            "ID     | Name    \nu1     | Ada\u{fffd}[31m\nlonger | Ünal    \nx      | 山田    \n\n",
        );
        check(Style::Plain, &[], "ID | Name\n\n");
    }

    #[test]
    fn titles_and_separators_are_coloured() {
        check(
            Style::Colours,
            &[["u1", "Ada"]],
            "\u{1b}[96mID\u{1b}[0m\u{1b}[90m | \u{1b}[0m\u{1b}[96mName\u{1b}[0m\nu1\u{1b}[90m | \u{1b}[0mAda \n\n",
        );
    }
}
