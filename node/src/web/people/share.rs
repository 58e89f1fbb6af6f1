//! A line that leads somebody to a group or event, and where such a line leads.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::daemon::{Refusal, Request, Response as Answer};
use crate::foreign;
use crate::web::ask::{Problem, Visit, see_other, take};
use crate::web::frame::{Frame, Page, Tab};
use crate::web::picture;

#[derive(askama::Template)]
#[template(path = "share.html")]
pub(super) struct SharePage {
    frame: Frame,
    name: String,
    href: String,
    line: String,
    picture: Option<String>,
    reachable: bool,
}

pub(super) async fn show(visit: Visit, Path(object): Path<String>) -> Result<Page<SharePage>, Problem> {
    let shared = take!(visit, Request::Share { object: object.clone() }, Share)?;
    let (href, name) = named(&visit, &object).await?.ok_or_else(|| visit.nothing())?;
    let picture = picture::qr(&shared.line);
    Ok(Page(SharePage {
        frame: visit.frame(Tab::None).await?,
        name,
        href,
        line: shared.line,
        picture,
        reachable: shared.reachable,
    }))
}

/// Where an event or group has its page, and what it is called; `None` while it is not here.
async fn named(visit: &Visit, id: &str) -> Result<Option<(String, String)>, Problem> {
    let requests =
        [Request::EventShow { event: id.to_owned(), on: None }, Request::GroupShow { group: id.to_owned() }];
    for request in requests {
        match visit.ask(request).await {
            Ok(Answer::Event(event)) => {
                return Ok(Some((format!("/event/{}", event.id), visit.words().title(&event.title))));
            }
            Ok(Answer::Group(group)) => {
                return Ok(Some((format!("/group/{}", group.id), foreign::line(&group.name))));
            }
            Ok(_) => return Err(visit.odd()),
            Err(Refusal::Unknown { .. }) => {}
            Err(refusal) => return Err(visit.problem(&refusal)),
        }
    }
    Ok(None)
}

#[derive(askama::Template)]
#[template(path = "coming.html")]
struct ComingPage {
    frame: Frame,
}

/// Leads to whatever an id names; until it is here, says that it is coming and looks again.
pub(super) async fn object(visit: Visit, Path(id): Path<String>) -> Response {
    match named(&visit, &id).await {
        Ok(Some((href, _))) => see_other(&href),
        Ok(None) => match visit.frame(Tab::None).await {
            Ok(frame) => (StatusCode::OK, Page(ComingPage { frame })).into_response(),
            Err(problem) => problem.into_response(),
        },
        Err(problem) => problem.into_response(),
    }
}
