//! Times as cron writes them: `0 8 * * 1-5` (minute, hour, day of the month, month, day of the week).

use super::Expected;
use super::calendar::weekday;

/// Five sets of numbers; bit n of one stands for the number n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cron {
    /// 0 to 59.
    pub minutes: u64,
    /// 0 to 23.
    pub hours: u64,
    /// 1 to 31.
    pub days: u64,
    /// 1 to 12.
    pub months: u64,
    /// 0 to 6, Sunday first; a 7 is a 0.
    pub weekdays: u64,
}

impl Cron {
    /// Reads five fields: `*`, numbers, spans, steps, lists of these, months and days by three letters.
    pub(super) fn from_text(text: &str) -> Result<Self, Expected> {
        let fields: Vec<_> = text.split_whitespace().collect();
        let &[minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(Expected::CronFields);
        };
        let field = |text: &str, field: Field| field.set(text).ok_or(Expected::Cron);
        let weekdays = field(weekdays, Field { from: 0, to: 7, name: sunday_first })?;
        Ok(Self {
            minutes: field(minutes, Field { from: 0, to: 59, name: |_| None })?,
            hours: field(hours, Field { from: 0, to: 23, name: |_| None })?,
            days: field(days, Field { from: 1, to: 31, name: |_| None })?,
            months: field(months, Field { from: 1, to: 12, name: month })?,
            weekdays: (weekdays | weekdays >> 7) & 0x7f,
        })
    }
}

/// What a field takes: numbers, and names of them.
#[derive(Clone, Copy)]
struct Field {
    from: u32,
    to: u32,
    name: fn(&str) -> Option<u32>,
}

impl Field {
    /// Parts separated by commas.
    fn set(self, text: &str) -> Option<u64> {
        text.split(',').try_fold(0, |all, part| Some(all | self.part(part)?))
    }

    /// `*`, `5`, `1-5`, `*/15`, `8-18/2`.
    fn part(self, text: &str) -> Option<u64> {
        let (span, step) = match text.split_once('/') {
            Some((span, step)) => (span, step.parse().ok().filter(|step| (1..=self.to).contains(step))?),
            None => (text, 1),
        };
        let (first, last) = match span.split_once('-') {
            _ if span == "*" => (self.from, self.to),
            Some((first, last)) => (self.number(first)?, self.number(last)?),
            // `5/15` is from 5 to the end.
            None if step > 1 => (self.number(span)?, self.to),
            None => (self.number(span)?, self.number(span)?),
        };
        let step = usize::try_from(step).ok()?;
        (first <= last).then(|| (first..=last).step_by(step).fold(0, |all, number| all | 1 << number))
    }

    fn number(self, text: &str) -> Option<u32> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { text.parse().ok() } else { (self.name)(text) };
        number.filter(|number| (self.from..=self.to).contains(number))
    }
}

fn sunday_first(text: &str) -> Option<u32> {
    weekday(text).map(|day| (u32::from(day) + 1) % 7)
}

fn month(text: &str) -> Option<u32> {
    let lower = text.to_ascii_lowercase();
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    months.into_iter().zip(1..).find(|(name, _)| *name == lower).map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields_are_five_sets() {
        let cron = Cron::from_text("0,*/30 8-18/5 1 JAN,3 mon-5").unwrap();
        assert_eq!(cron.minutes, 1 | 1 << 30);
        assert_eq!(cron.hours, 1 << 8 | 1 << 13 | 1 << 18);
        assert_eq!((cron.days, cron.months, cron.weekdays), (1 << 1, 1 << 1 | 1 << 3, 0b11_1110));
        assert_eq!(Cron::from_text("0 8 * * 7").unwrap().weekdays, 1);
        assert_eq!(Cron::from_text("0 8 * * *").unwrap().weekdays, 0x7f);
    }

    #[test]
    fn what_cron_does_not_know_is_refused() {
        for text in ["", "0 8 * *", "0 8 * * 1 2", "@daily"] {
            assert_eq!(Cron::from_text(text), Err(Expected::CronFields), "{text}");
        }
        for text in [
            "60 8 * * *",
            "0 24 * * *",
            "0 8 0 * *",
            "0 8 * 13 *",
            "0 8 * * 8",
            "0 8 * * Montag",
            "x 8 * * *",
            "5-1 8 * * *",
            "*/0 8 * * *",
            "+1 8 * * *",
            ", 8 * * *",
        ] {
            assert_eq!(Cron::from_text(text), Err(Expected::Cron), "{text}");
        }
    }
}
