//! Telling the person at this machine: a desktop notification where there is a desktop, the log always.
//!
//! Absent on purpose: sounds, buttons, and whatever else differs between desktops.

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::daemon::Notice;

/// Notifications in a row; what is more is one that says how many.
const ROW_MAX: usize = 3;

/// Tells notices as they come, on a thread of its own, until the node ends: a desktop may take its time.
pub fn tell(mut notices: Receiver<Notice>) -> std::io::Result<()> {
    let run = move || {
        loop {
            let first = match notices.blocking_recv() {
                Ok(notice) => notice,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!("{missed} notices were too many to tell: `klatch inbox` has them");
                    continue;
                }
                Err(RecvError::Closed) => break,
            };
            let mut round = vec![first];
            while let Ok(notice) = notices.try_recv() {
                round.push(notice);
            }
            for notice in &round {
                tracing::info!("{}", notice.sentence());
            }
            show(&round);
        }
    };
    std::thread::Builder::new().name("klatch-tell".to_owned()).spawn(run).map(drop)
}

fn show(round: &[Notice]) {
    if !has_desktop(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return;
    }
    let mut texts: Vec<String> = round.iter().take(ROW_MAX).map(Notice::sentence).collect();
    if round.len() > ROW_MAX {
        texts.push(format!("and {} more: klatch inbox", round.len() - ROW_MAX));
    }
    for text in texts {
        let shown =
            notify_rust::Notification::new().appname("Klatch").summary("Klatch").body(&escaped(&text)).show();
        if let Err(error) = shown {
            tracing::debug!(%error, "the desktop shows no notification");
            return;
        }
    }
}

/// Whether somebody sits at this machine: a session with a bus, as desktops have it.
fn has_desktop(is_set: impl Fn(&str) -> bool) -> bool {
    is_set("DBUS_SESSION_BUS_ADDRESS") && ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(is_set)
}

/// Bodies may hold markup (Desktop Notifications Specification, "Markup"); ours hold none.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desktop_is_a_session_bus_and_a_screen() {
        let has = |set: &[&str]| has_desktop(|name| set.contains(&name));
        assert!(has(&["DBUS_SESSION_BUS_ADDRESS", "DISPLAY"]));
        assert!(has(&["DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY"]));
        assert!(!has(&["DISPLAY"]));
        assert!(!has(&["DBUS_SESSION_BUS_ADDRESS"]));
    }

    #[test]
    fn what_others_wrote_is_no_markup() {
        assert_eq!(escaped("<a href=\"x\">Tea</a> & more"), "&lt;a href=\"x\"&gt;Tea&lt;/a&gt; &amp; more");
    }
}
