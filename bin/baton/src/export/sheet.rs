//! The rows that a spreadsheet gets, and the two forms they are written in.

use std::io::Write;

use anyhow::Context as _;

/// The number of columns.
pub(crate) const COLUMNS: usize = 12;

/// The titles of the columns.
pub(crate) const TITLES: [&str; COLUMNS] = [
    "Type",
    "Last Name",
    "First Name",
    "User ID",
    "User Status",
    "Email Address",
    "Entitlement Display Name",
    "Entitlement",
    "Resource Type",
    "Resource Name",
    "Entitlement Description",
    "Entitlement Slug",
];

/// Takes rows, the titles first.
pub(crate) trait Sheet {
    /// Adds a row.
    fn add(&mut self, row: [&str; COLUMNS]) -> anyhow::Result<()>;
}

/// Comma-separated values, RFC 4180 quoting with LF line ends.
pub(crate) struct Csv<W: Write>(csv::Writer<W>);

impl<W: Write> Csv<W> {
    /// Starts with the titles.
    pub(crate) fn new(out: W) -> anyhow::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(TITLES)?;
        Ok(Self(writer))
    }

    /// Writes what is left and gives the output back.
    pub(crate) fn finish(self) -> anyhow::Result<W> {
        self.0.into_inner().map_err(|error| error.into_error().into())
    }
}

impl<W: Write> Sheet for Csv<W> {
    fn add(&mut self, row: [&str; COLUMNS]) -> anyhow::Result<()> {
        let record = &mut self.0;
        for cell in row {
            if is_formula(cell) {
                record.write_field(format!("'{cell}"))?;
            } else {
                record.write_field(cell)?;
            }
        }
        record.write_record(None::<&[u8]>)?;
        Ok(())
    }
}

/// A workbook with one sheet whose cells are all texts.
pub(crate) struct Xlsx {
    workbook: rust_xlsxwriter::Workbook,
    next_row: u32,
}

impl Xlsx {
    /// How many rows a sheet can have.
    const MAX_ROWS: u32 = 1_048_576;

    /// Starts with the titles.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        workbook.add_worksheet_with_constant_memory().context("start a sheet")?;
        let mut sheet = Self { workbook, next_row: 0 };
        sheet.add(TITLES)?;
        Ok(sheet)
    }

    /// Writes the workbook to `out`.
    pub(crate) fn finish(mut self, out: impl Write + Send) -> anyhow::Result<()> {
        Ok(self.workbook.save_to_writer(out)?)
    }
}

impl Sheet for Xlsx {
    fn add(&mut self, row: [&str; COLUMNS]) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.next_row < Self::MAX_ROWS,
            "a spreadsheet cannot have more than {} rows\nhint: use `baton export csv`",
            Self::MAX_ROWS
        );
        let sheet = self.workbook.worksheet_from_index(0)?;
        for (column, cell) in (0..).zip(row).filter(|(_, cell)| !cell.is_empty()) {
            if is_formula(cell) {
                sheet.write_string(self.next_row, column, format!("'{cell}"))?;
            } else {
                sheet.write_string(self.next_row, column, cell)?;
            }
        }
        self.next_row += 1;
        Ok(())
    }
}

/// Tells whether a spreadsheet may take `cell` for a formula, which a name in a file must never become: such a cell is
/// written with an apostrophe in front.
///
/// Source: OWASP, *CSV Injection*.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_become_formulas() {
        let mut csv = Csv::new(Vec::new()).unwrap();
        let mut row = [""; COLUMNS];
        for (place, cell) in
            ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a=b", "with \"quotes\", comma", "two\nlines", "-"]
                .into_iter()
                .enumerate()
        {
            row[place] = cell;
        }
        csv.add(row).unwrap();
        let text = String::from_utf8(csv.finish().unwrap()).unwrap();
        assert_eq!(
            text,
            format!(
                "{}\n'=1+1,'+1,'-1,'@SUM(A1),'\t=1,a=b,\"with \"\"quotes\"\", comma\",\"two\nlines\",'-,,,\n",
                TITLES.join(",")
            )
        );
    }

    #[test]
    fn a_sheet_refuses_a_row_too_many() {
        let mut xlsx = Xlsx::new().unwrap();
        xlsx.next_row = Xlsx::MAX_ROWS;
        assert!(xlsx.add([""; COLUMNS]).unwrap_err().to_string().contains("baton export csv"));
    }
}
