//! What an event says beside its title, time and place: the flags that `schedule` and `update` share.

use clap::Args;
use klatch_feed::post::{EventFields, Policy};

use crate::cli::{when, words};
use crate::published::{is_public, marked};

/// The policies, as they are typed.
const POLICIES: &[&str] = &["first", "members", "approval", "lottery"];

#[derive(Args, Debug)]
pub(super) struct FieldArgs {
    /// The place in degrees, as 38.7223,-9.1393
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true, value_parser = geo)]
    geo: Option<(i32, i32)>,
    /// How to get in: steps, lifts, a hearing loop
    #[arg(long, value_name = "TEXT")]
    access: Option<String>,
    /// A link to take part from afar
    #[arg(long, value_name = "LINK")]
    online: Option<String>,
    /// What it costs, in words
    #[arg(long, value_name = "TEXT")]
    cost: Option<String>,
    /// A word to be found by, at most 8; an empty one alone takes all away, but for what --public says
    #[arg(long = "tag", value_name = "TAG")]
    tags: Option<Vec<String>>,
    /// Let everybody read of it on the pages of a pub (the tag "public"), or no longer: guests are never shown there
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    public: Option<bool>,
    /// Only the dates count
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    all_day: Option<bool>,
    /// Something to ask of who says yes, at most 10; an empty one alone takes all away
    #[arg(long = "question", value_name = "TEXT")]
    questions: Option<Vec<String>>,
    /// How a running node gives the seats: first, members, approval or lottery
    #[arg(long, value_parser = words::<Policy>(POLICIES))]
    policy: Option<Policy>,
    /// Persons that one answer may ask for
    #[arg(long, value_name = "N")]
    party_max: Option<u32>,
    /// How long before the start answers are ranked from, as 14d; 0 = from now on
    #[arg(long, value_name = "BEFORE", value_parser = before)]
    opens: Option<u32>,
    /// ... and until when, as 2h
    #[arg(long, value_name = "BEFORE", value_parser = before)]
    closes: Option<u32>,
    /// How long before the start a seat must be confirmed, as 24h; 0 = need not be
    #[arg(long, value_name = "BEFORE", value_parser = before)]
    confirm_by: Option<u32>,
    /// How long before the start a no comes in time, as 24h; 0 = always
    #[arg(long, value_name = "BEFORE", value_parser = before)]
    cancel_by: Option<u32>,
    /// No-shows from which on a host decides by hand; 0 = never
    #[arg(long, value_name = "N")]
    no_show_max: Option<u32>,
}

impl FieldArgs {
    /// Whether what is said of the tags depends on what they are.
    pub(super) fn needs_tags(&self) -> bool {
        self.tags.is_some() || self.public.is_some()
    }

    /// What was said; all else is as before. `held`: the tags as they are.
    pub(super) fn fields(&self, held: &[String]) -> EventFields {
        let list = |said: &Option<Vec<String>>| {
            said.clone().map(|said| said.into_iter().filter(|said| !said.is_empty()).collect::<Vec<_>>())
        };
        let tags = list(&self.tags);
        let said = |tags: &[String]| is_public(tags).then_some(true);
        let public = self.public.or(tags.as_deref().and_then(said)).unwrap_or(is_public(held));
        let is_said = tags.is_some() || self.public.is_some();
        let tags = is_said.then(|| marked(tags.unwrap_or_else(|| held.to_vec()), public));
        EventFields {
            geo: self.geo,
            access: self.access.clone(),
            online: self.online.clone(),
            cost: self.cost.clone(),
            tags,
            all_day: self.all_day,
            questions: list(&self.questions),
            policy: self.policy,
            party_max: self.party_max,
            opens: self.opens,
            closes: self.closes,
            confirm_by: self.confirm_by,
            cancel_by: self.cancel_by,
            no_show_max: self.no_show_max,
            ..EventFields::default()
        }
    }
}

/// Minutes before the start; `0` = no such deadline.
fn before(text: &str) -> Result<u32, when::MinutesError> {
    if text == "0" { Ok(0) } else { text.parse::<when::Minutes>().map(|minutes| minutes.0) }
}

/// Latitude and longitude in degrees, as millionths of them.
pub(super) fn geo(text: &str) -> Result<(i32, i32), String> {
    let wrong = || format!("{text:?} is no latitude and longitude in degrees like 38.7223,-9.1393");
    let (lat, lon) = text.split_once(',').ok_or_else(wrong)?;
    let millionths = |text: &str, max: f64| {
        let degrees: f64 = text.trim().parse().ok()?;
        let fits = degrees.is_finite() && degrees.abs() <= max;
        fits.then(|| (degrees * 1e6).round() as i32)
    };
    Ok((millionths(lat, 90.0).ok_or_else(wrong)?, millionths(lon, 180.0).ok_or_else(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_in_degrees() {
        assert_eq!(geo("38.7223,-9.1393"), Ok((38_722_300, -9_139_300)));
        assert_eq!(geo("-90, 180"), Ok((-90_000_000, 180_000_000)));
        for text in ["", "1", "1,2,3", "90.1,0", "0,180.1", "NaN,0", "north,west", "1e300,0"] {
            assert!(geo(text).is_err(), "{text}");
        }
    }

    #[test]
    fn other_tags_leave_an_event_as_public_as_it_is() {
        #[derive(clap::Parser)]
        struct One {
            #[command(flatten)]
            fields: FieldArgs,
        }
        let cases = [
            ("", "tea", None),
            ("--tag=cake", "tea", Some("cake")),
            ("--tag=cake", "tea public", Some("cake public")),
            ("--tag=", "tea public", Some("public")),
            ("--tag=public", "tea", Some("public")),
            ("--public", "tea", Some("tea public")),
            ("--public", "public tea", Some("tea public")),
            ("--public=false", "tea public", Some("tea")),
            ("--public --tag=cake", "", Some("cake public")),
            ("--public=false --tag=public", "", Some("")),
        ];
        for (typed, held, wanted) in cases {
            let one = <One as clap::Parser>::parse_from(["x"].into_iter().chain(typed.split_whitespace()));
            let held: Vec<_> = held.split_whitespace().map(str::to_owned).collect();
            let said = one.fields.fields(&held).tags.map(|tags| tags.join(" "));
            assert_eq!(said.as_deref(), wanted, "{typed:?} on {held:?}");
        }
    }

    #[test]
    fn a_deadline_is_a_time_before_the_start_or_none() {
        assert_eq!(before("24h"), Ok(1440));
        assert_eq!(before("0"), Ok(0));
        assert!(before("tomorrow").is_err());
    }
}
