//! Telling the person at this machine: a desktop notification where there is a desktop, the log always.
//!
//! Absent on purpose: sounds, buttons, and whatever else differs between desktops.

use std::sync::mpsc;

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::daemon::Notice;

/// Notifications in a row; what is more is one that says how many.
const ROW_MAX: usize = 3;
/// Rows that wait for a desktop that is slow or answers nothing; what comes after that stands in the log alone.
const ROWS_WAITING_MAX: usize = 16;
/// Letters of a notification: a comment may have thousands, and the inbox has all of them.
const LETTERS_MAX: usize = 300;

/// Tells notices as they come, on threads of its own, until the node ends.
pub fn tell(notices: Receiver<Notice>) -> std::io::Result<()> {
    hand_on(notices, |notice| tracing::info!("{}", notice.sentence()), show)
}

/// Logs each notice, and shows what came at once as a row. A desktop that takes its time holds up no log.
fn hand_on(
    mut notices: Receiver<Notice>,
    log: impl Fn(&Notice) + Send + 'static,
    show: impl Fn(&[Notice]) + Send + 'static,
) -> std::io::Result<()> {
    let (rows, waiting) = mpsc::sync_channel::<Vec<Notice>>(ROWS_WAITING_MAX);
    let showing = move || waiting.into_iter().for_each(|row| show(&row));
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
            let mut row = vec![first];
            while let Ok(notice) = notices.try_recv() {
                row.push(notice);
            }
            row.iter().for_each(&log);
            if rows.try_send(row).is_err() {
                tracing::debug!("the desktop shows no notification: it is busy with those before");
            }
        }
    };
    let start = |name: &str| std::thread::Builder::new().name(name.to_owned());
    start("klatch-show").spawn(showing)?;
    start("klatch-tell").spawn(run).map(drop)
}

fn show(row: &[Notice]) {
    if !has_desktop(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        return;
    }
    let mut texts: Vec<String> = row.iter().take(ROW_MAX).map(Notice::sentence).collect();
    if row.len() > ROW_MAX {
        texts.push(format!("and {} more: klatch inbox", row.len() - ROW_MAX));
    }
    let can = notify_rust::get_capabilities();
    let reads_markup = can.map_or(true, |all| all.iter().any(|can| can == "body-markup")); // Escaped if nobody says.
    for text in texts {
        let body = body(&text, reads_markup);
        let shown = notify_rust::Notification::new().appname("Klatch").summary("Klatch").body(&body).show();
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

/// The beginning of a text, for a desktop that reads markup in it or does not (Desktop Notifications Specification,
/// "body-markup"). Ours holds none.
fn body(text: &str, reads_markup: bool) -> String {
    let mut letters = text.chars();
    let mut begun: String = letters.by_ref().take(LETTERS_MAX).collect();
    if letters.next().is_some() {
        begun.push('…');
    }
    match reads_markup {
        true => begun.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        false => begun,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long a test waits for another thread.
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

    #[test]
    fn a_desktop_is_a_session_bus_and_a_screen() {
        let has = |set: &[&str]| has_desktop(|name| set.contains(&name));
        assert!(has(&["DBUS_SESSION_BUS_ADDRESS", "DISPLAY"]));
        assert!(has(&["DBUS_SESSION_BUS_ADDRESS", "WAYLAND_DISPLAY"]));
        assert!(!has(&["DISPLAY"]));
        assert!(!has(&["DBUS_SESSION_BUS_ADDRESS"]));
    }

    #[test]
    fn what_others_wrote_is_no_markup_and_never_long() {
        let text = "<a href=\"x\">Tea</a> & more";
        assert_eq!(body(text, true), "&lt;a href=\"x\"&gt;Tea&lt;/a&gt; &amp; more");
        assert_eq!(body(text, false), text, "where nothing reads markup, an escape would be seen");
        assert_eq!(body(&"ü".repeat(LETTERS_MAX), true), "ü".repeat(LETTERS_MAX));
        assert_eq!(body(&"<".repeat(8_000), true), "&lt;".repeat(LETTERS_MAX) + "…");
    }

    #[test]
    fn a_desktop_that_never_answers_holds_up_no_log() {
        let (told, notices) = tokio::sync::broadcast::channel(64);
        let (log, logged) = mpsc::channel();
        let (shows, shown) = mpsc::channel::<usize>();
        let (answer, answers) = mpsc::channel::<()>();
        let show = move |row: &[Notice]| {
            let _ = shows.send(row.len());
            let _ = answers.recv(); // Until the test is over.
        };
        hand_on(notices, move |notice| drop(log.send(notice.title.clone())), show).unwrap();
        let id = klatch_feed::EntryId::new([1; 32]);
        for count in 0..ROWS_WAITING_MAX + 4 {
            let title = format!("Tea {count}");
            told.send(Notice::undated(id, &title, crate::daemon::What::Asks)).unwrap();
            assert_eq!(logged.recv_timeout(PATIENCE).unwrap(), title);
        }
        assert_eq!(shown.recv_timeout(PATIENCE).unwrap(), 1, "the first was handed to the desktop");
        drop(answer);
    }
}
