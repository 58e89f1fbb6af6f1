//! What a guest does on the page of an event.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use klatch_feed::post::Answer;
use serde::Deserialize;

use super::{Draft, again};
use crate::daemon::Request;
use crate::web::ask::{Typed, Visit, Wrong, no_number};

/// Fields in the order in which a browser sends them: questions may have several answers.
type Fields = Vec<(String, String)>;

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields
        .iter()
        .find(|(said, _)| said == name)
        .map(|(_, value)| value.trim())
        .filter(|text| !text.is_empty())
}

fn back(id: &str, on: Option<&str>) -> String {
    match on {
        Some(on) => format!("/event/{id}?on={}", crate::web::ask::escaped(on)),
        None => format!("/event/{id}"),
    }
}

/// Yes, no or maybe, with whom, and what the hosts asked.
pub(super) async fn answer(visit: Visit, Path(id): Path<String>, Typed(fields): Typed<Fields>) -> Response {
    let on = field(&fields, "on").map(str::to_owned);
    let guests = field(&fields, "guests").unwrap_or_default().to_owned();
    let note = field(&fields, "note").unwrap_or_default().to_owned();
    let answers: Vec<String> = fields
        .iter()
        .filter(|(name, _)| name == "question")
        .map(|(_, text)| text.trim().to_owned())
        .collect();
    // Enter in a field says again what was answered before.
    let (answer, did) = match field(&fields, "answer").or_else(|| field(&fields, "again")) {
        Some("yes") => (Answer::Yes, "did-yes"),
        Some("maybe") => (Answer::Maybe, "did-maybe"),
        Some("no") => (Answer::No, "did-no"),
        _ => return visit.nothing().into_response(),
    };
    let said = if answers.iter().all(String::is_empty) { Vec::new() } else { answers.clone() };
    let count = if guests.is_empty() { Ok(0) } else { guests.parse::<u32>() };
    let asked = match count {
        Ok(count) => {
            let (event, on, party) = (id.clone(), on.clone(), count.saturating_add(1));
            visit.ask(Request::Rsvp { event, on, answer, party, note: note.clone(), answers: said }).await
        }
        Err(_) => Err(no_number("party")),
    };
    match asked {
        Ok(_) => visit.done(&back(&id, on.as_deref()), did),
        Err(refusal) => {
            let answer_wrong = Some(Wrong::of(visit.words(), &refusal));
            let draft =
                Draft { guests: Some(guests), note: Some(note), answers, answer_wrong, ..Draft::default() };
            again(&visit, id, on, draft).await
        }
    }
}

/// Which occurrence.
#[derive(Debug, Deserialize)]
pub(super) struct OnForm {
    on: Option<String>,
}

/// Says that a yes is still meant.
pub(super) async fn confirm(visit: Visit, Path(id): Path<String>, Typed(form): Typed<OnForm>) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    match visit.ask(Request::Confirm { event: id.clone(), on: on.clone() }).await {
        Ok(_) => visit.done(&back(&id, on.as_deref()), "did-confirm"),
        Err(refusal) => {
            let answer_wrong = Some(Wrong::of(visit.words(), &refusal));
            again(&visit, id, on, Draft { answer_wrong, ..Draft::default() }).await
        }
    }
}

/// What somebody who was there tells the hosts.
#[derive(Debug, Deserialize)]
pub(super) struct FeedbackForm {
    on: Option<String>,
    #[serde(default)]
    text: String,
}

/// Tells the hosts something, for their eyes alone.
pub(super) async fn feedback(
    visit: Visit,
    Path(id): Path<String>,
    Typed(form): Typed<FeedbackForm>,
) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let text = form.text.replace("\r\n", "\n").trim().to_owned();
    let request = Request::Feedback { event: id.clone(), on: on.clone(), text: text.clone() };
    match visit.ask(request).await {
        Ok(_) => visit.done(&back(&id, on.as_deref()), "did-feedback"),
        Err(refusal) => {
            let feedback_wrong = Some(Wrong::of(visit.words(), &refusal));
            again(&visit, id, on, Draft { feedback: text, feedback_wrong, ..Draft::default() }).await
        }
    }
}

/// A comment, and what it answers.
#[derive(Debug, Deserialize)]
pub(super) struct CommentForm {
    on: Option<String>,
    #[serde(default)]
    text: String,
    reply: Option<String>,
}

/// Says something on the event, or to somebody who did.
pub(super) async fn comment(
    visit: Visit,
    Path(id): Path<String>,
    Typed(form): Typed<CommentForm>,
) -> Response {
    let on = form.on.filter(|on| !on.is_empty());
    let reply = form.reply.filter(|reply| !reply.is_empty());
    // Browsers send line ends of another kind than entries have.
    let text = form.text.replace("\r\n", "\n").trim().to_owned();
    let object = reply.clone().unwrap_or_else(|| id.clone());
    match visit.ask(Request::Comment { object, text: text.clone(), tone: None }).await {
        Ok(_) => visit.done(&back(&id, on.as_deref()), "did-comment"),
        Err(refusal) => {
            let comment_wrong = Some(Wrong::of(visit.words(), &refusal));
            again(&visit, id, on, Draft { comment: text, reply, comment_wrong, ..Draft::default() }).await
        }
    }
}
