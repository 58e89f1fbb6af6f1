//! How often an event repeats, in words or as a rule: `weekly`, `every 2 weeks on Thursday`,
//! `monthly on the second Thursday`, `FREQ=MONTHLY;BYDAY=2TH`.
//!
//! What a rule is read back as ([`Rule`]'s `Display`) is among the words that are read.

use chrono::NaiveDate;
use klatch_feed::post::{Rule, RuleError};

/// Why words are no rule.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum RepeatError {
    #[error(
        "{0:?} is not understood here: write it as weekly, every 2 weeks on Thursday, \
         monthly on the second Thursday, or monthly on day 15"
    )]
    Word(String),
    #[error("say how often: daily, weekly, monthly, yearly, or every 2 weeks")]
    Nothing,
    #[error("{0} is no date like 2027-06-30")]
    Date(String),
    #[error("{0}")]
    Rule(#[from] RuleError),
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
const ORDINALS: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

/// The rule that `text` says, as entries have it.
///
/// # Errors
///
/// [`RepeatError`], naming the word that is not understood.
pub fn rule(text: &str) -> Result<String, RepeatError> {
    let capitals = text.trim().to_uppercase();
    let capitals = capitals.strip_prefix("RRULE:").unwrap_or(&capitals);
    let rule = match capitals.starts_with("FREQ=") {
        true => capitals.to_owned(),
        false => Words::of(text).rule()?,
    };
    rule.parse::<Rule>()?;
    Ok(rule)
}

/// `rule`, ending at a date or after so many; `None` for what was not said.
///
/// # Errors
///
/// [`RepeatError`], also where the rule has an end already.
pub fn ending(rule: &str, until: Option<&str>, count: Option<u32>) -> Result<String, RepeatError> {
    let mut rule = rule.to_owned();
    if let Some(until) = until {
        rule += &until_part(until)?;
    }
    if let Some(count) = count {
        rule += &format!(";COUNT={count}");
    }
    rule.parse::<Rule>()?;
    Ok(rule)
}

fn until_part(date: &str) -> Result<String, RepeatError> {
    let parsed = NaiveDate::parse_from_str(date, "%Y-%m-%d");
    let parsed = parsed.map_err(|_| RepeatError::Date(date.to_owned()))?;
    Ok(format!(";UNTIL={}", parsed.format("%Y%m%d")))
}

struct Words {
    /// Last first.
    left: Vec<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let text = text.to_lowercase().replace(',', " ");
        let words = text.split_whitespace().filter(|word| !matches!(*word, "and" | "the" | "each"));
        Self { left: words.map(str::to_owned).rev().collect() }
    }

    fn next(&mut self) -> Option<String> {
        self.left.pop()
    }

    fn peek(&self) -> Option<&str> {
        self.left.last().map(String::as_str)
    }

    fn rule(mut self) -> Result<String, RepeatError> {
        let first = self.next().ok_or(RepeatError::Nothing)?;
        let (mut interval, mut days) = (None, Vec::new());
        let unit = match &first[..] {
            "daily" => "DAILY",
            "weekly" => "WEEKLY",
            "monthly" => "MONTHLY",
            "yearly" => "YEARLY",
            "every" => {
                if let Some(count) = self.peek().and_then(count) {
                    interval = Some(count);
                    self.next();
                }
                let word = self.next().ok_or(RepeatError::Nothing)?;
                match word.trim_end_matches('s') {
                    "day" => "DAILY",
                    "week" => "WEEKLY",
                    "month" => "MONTHLY",
                    "year" => "YEARLY",
                    // "Every second Thursday" is two things to people; so is "every 2 Thursdays".
                    _ => match weekday(&word).filter(|_| interval.is_none()) {
                        Some(day) => {
                            days.push(day.to_owned());
                            "WEEKLY"
                        }
                        None => return Err(RepeatError::Word(word)),
                    },
                }
            }
            _ => return Err(RepeatError::Word(first)),
        };
        if self.peek() == Some("on") {
            self.next();
        }
        let (mut dates, mut end) = (Vec::new(), String::new());
        while let Some(word) = self.next() {
            match (unit, &word[..]) {
                (_, "until") => end = until_part(&self.next().unwrap_or_default())?,
                (_, "once") => end = ";COUNT=1".to_owned(),
                (_, number) if self.peek() == Some("times") => {
                    let number: u32 = number.parse().map_err(|_| RepeatError::Word(word.clone()))?;
                    self.next();
                    end = format!(";COUNT={number}");
                }
                ("WEEKLY", day) if weekday(day).is_some() => days.extend(weekday(day).map(str::to_owned)),
                ("MONTHLY", word) => self.of_month(word, &mut days, &mut dates)?,
                _ => return Err(RepeatError::Word(word)),
            }
        }
        let interval = interval.filter(|n| *n != 1).map(|n| format!(";INTERVAL={n}"));
        let list = |name: &str, items: Vec<String>| match items.is_empty() {
            true => String::new(),
            false => format!(";{name}={}", items.join(",")),
        };
        let on = list("BYDAY", days) + &list("BYMONTHDAY", dates);
        Ok(format!("FREQ={unit}{}{on}{end}", interval.unwrap_or_default()))
    }

    /// `second Thursday`, `last day`, `day 15`, `15th`.
    fn of_month(
        &mut self,
        word: &str,
        days: &mut Vec<String>,
        dates: &mut Vec<String>,
    ) -> Result<(), RepeatError> {
        let unknown = || RepeatError::Word(word.to_owned());
        if word == "day" {
            dates.push(self.next().ok_or_else(unknown)?);
            return Ok(());
        }
        let nth = match ORDINALS.iter().position(|ordinal| *ordinal == word) {
            Some(at) => (at + 1).to_string(),
            None if word == "last" => "-1".to_owned(),
            None => numbered(word).ok_or_else(unknown)?,
        };
        if let Some(day) = self.peek().and_then(weekday) {
            days.push(format!("{nth}{day}"));
            self.next();
        } else {
            // "The last day", "the 15th", "the third day".
            dates.push(nth);
            if self.peek() == Some("day") {
                self.next();
            }
        }
        Ok(())
    }
}

/// How many of a unit.
fn count(word: &str) -> Option<u32> {
    if word == "other" { Some(2) } else { word.parse().ok() }
}

/// `15th` as `15`.
fn numbered(word: &str) -> Option<String> {
    let number = ["st", "nd", "rd", "th"].iter().find_map(|end| word.strip_suffix(end))?;
    number.parse::<u32>().ok().map(|number| number.to_string())
}

/// `thu`, `thursday` or `thursdays` as `TH`.
fn weekday(word: &str) -> Option<&'static str> {
    const SHORT: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let word = word.strip_suffix('s').filter(|one| one.ends_with("day")).unwrap_or(word);
    let at = WEEKDAYS.iter().position(|day| word.len() >= 3 && day.starts_with(word))?;
    SHORT.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_as_people_say_them() {
        for (text, wanted) in [
            ("weekly", "FREQ=WEEKLY"),
            ("every week", "FREQ=WEEKLY"),
            ("Every 2 weeks on Thursday", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH"),
            ("every other week", "FREQ=WEEKLY;INTERVAL=2"),
            ("every Tue, Thu and Saturdays", "FREQ=WEEKLY;BYDAY=TU,TH,SA"),
            ("daily, 10 times", "FREQ=DAILY;COUNT=10"),
            ("monthly", "FREQ=MONTHLY"),
            ("monthly on the second Thursday", "FREQ=MONTHLY;BYDAY=2TH"),
            (
                "every 3 months on the first Monday and the last Friday",
                "FREQ=MONTHLY;INTERVAL=3;BYDAY=1MO,-1FR",
            ),
            ("monthly on the last day", "FREQ=MONTHLY;BYMONTHDAY=-1"),
            ("monthly on day 15", "FREQ=MONTHLY;BYMONTHDAY=15"),
            ("monthly on the 1st and the 15th", "FREQ=MONTHLY;BYMONTHDAY=1,15"),
            ("monthly on the 2nd Thursday", "FREQ=MONTHLY;BYDAY=2TH"),
            ("yearly until 2030-12-24", "FREQ=YEARLY;UNTIL=20301224"),
            (" freq=weekly;byday=th ", "FREQ=WEEKLY;BYDAY=TH"),
            ("RRULE:FREQ=DAILY", "FREQ=DAILY"),
        ] {
            assert_eq!(rule(text).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (text, wanted) in [
            ("", "say how often"),
            ("every", "say how often"),
            ("sometimes", "\"sometimes\""),
            ("every second Thursday", "\"second\""),
            ("every 2 Thursdays", "\"thursdays\""),
            ("weekly on the first Monday", "\"first\""),
            ("monthly on Thursday", "\"thursday\""),
            ("daily on Monday", "\"monday\""),
            ("weekly on th", "\"th\""),
            ("yearly until Christmas", "christmas is no date"),
            ("weekly, many times", "\"many\""),
            ("every 100 weeks", "INTERVAL=100"),
            ("monthly on day 32", "BYMONTHDAY=32"),
            ("monthly on the first Monday and day 3", "BYMONTHDAY=3"),
            ("FREQ=SECONDLY", "FREQ=DAILY"),
        ] {
            let error = rule(text).unwrap_err().to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
    }

    #[test]
    fn an_end_is_added_once() {
        assert_eq!(ending("FREQ=WEEKLY", None, Some(3)).unwrap(), "FREQ=WEEKLY;COUNT=3");
        assert_eq!(ending("FREQ=WEEKLY", Some("2027-01-31"), None).unwrap(), "FREQ=WEEKLY;UNTIL=20270131");
        assert!(ending("FREQ=WEEKLY;COUNT=2", None, Some(3)).is_err());
        assert!(ending("FREQ=WEEKLY", Some("2027-01-31"), Some(3)).is_err());
        assert!(ending("FREQ=WEEKLY", Some("31.1.2027"), None).is_err());
        assert!(ending("FREQ=WEEKLY", None, Some(201)).is_err());
    }

    #[test]
    fn what_a_rule_is_shown_as_is_read_as_the_same_rule() {
        for text in [
            "FREQ=DAILY;INTERVAL=3;COUNT=1",
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
            "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270131",
            "FREQ=MONTHLY;BYDAY=1MO,2TU,3WE,4TH,5FR,-1SA",
            "FREQ=MONTHLY;BYMONTHDAY=1,31,-1;COUNT=20",
            "FREQ=YEARLY",
        ] {
            let shown = text.parse::<Rule>().unwrap().to_string();
            assert_eq!(rule(&shown).unwrap(), text, "{shown}");
        }
    }
}
