//! What time a server says it is (RFC 3261 §20.17): `Sat, 13 Nov 2010 23:29:00 GMT`, and nothing else.

use core::time::Duration;

use crate::sip::wire::Response;
use crate::time::CivilTime;

/// The Date of a response, as the time since 1970.
pub(super) fn date(response: &Response) -> Option<Duration> {
    parse(response.headers.get("Date")?)
}

fn parse(text: &str) -> Option<Duration> {
    let mut words = text.split_ascii_whitespace();
    let mut next = || words.next();
    let (weekday, day, month, year, clock, zone) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let mut parts = clock.splitn(3, ':').map(number);
    let mut part = || parts.next().flatten();
    let (hour, minute, second) = (part()?, part()?, part()?);
    let month = MONTHS.iter().zip(1..).find(|(name, _)| name.eq_ignore_ascii_case(month))?.1;
    let is_whole = weekday.ends_with(',') && zone.eq_ignore_ascii_case("GMT") && words.next().is_none();
    let time = CivilTime { year: number(year)?, month, day: number(day)?, hour, minute, second };
    time.since_1970().filter(|_| is_whole)
}

fn number(digits: &str) -> Option<u64> {
    let is_number = (1..=4).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_the_time_it_names() {
        let cases = [
            ("Sat, 13 Nov 2010 23:29:00 GMT", 1_289_690_940),
            ("Thu, 1 Jan 1970 00:00:00 GMT", 0),
            (" sun, 29 nov 2026  16:47:03 gmt ", 1_795_970_823),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_of_sip_is_none() {
        let cases = [
            "",
            "now",
            "Fri, 01 Jan 2010 16:00:00 EST",
            "Fri 01 Jan 2010 16:00:00 GMT",
            "Fri, 01 Jan 2010 16:00 GMT",
            "Fri, 01 Jan 2010 16:00:00",
            "Fri, 01 Jan 2010 16:00:00 GMT GMT",
            "Fri, 32 Jan 2010 16:00:00 GMT",
            "Fri, 01 Foo 2010 16:00:00 GMT",
            "Fri, 01 Jan 99999 16:00:00 GMT",
            "Fri, 01 Jan 2010 16:00:-1 GMT",
            "Fri, 01 Jan 2010 +6:00:00 GMT",
        ];
        for text in cases {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
