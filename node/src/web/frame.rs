//! What stands around every page: its language, the way to the others, what was just done.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use super::ask::Look;
use super::assets;
use super::face::Face;
use super::words::{Count, Words};
use crate::daemon::Me;

/// The pages that the frame leads to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tab {
    None,
    Home,
    Groups,
    People,
    Inbox,
    Network,
    Settings,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Scheme {
    /// As the system is.
    #[default]
    Auto,
    Light,
    Dark,
}

impl Scheme {
    /// What the cookie says of it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(super) fn of_word(word: &str) -> Self {
        [Self::Light, Self::Dark].into_iter().find(|scheme| scheme.word() == word).unwrap_or_default()
    }
}

/// The way to one page.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) href: &'static str,
    pub(super) name: String,
    pub(super) icon: &'static str,
    pub(super) is_here: bool,
}

/// What stands around a page.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    words: Words,
    pub(super) scheme: Scheme,
    /// Empty before there is an identity, and where nobody is let in.
    pub(super) ways: Vec<Way>,
    pub(super) me: Option<Face>,
    /// Own posts are refused now.
    pub(super) held: bool,
    /// What was just done.
    pub(super) did: Option<String>,
    /// The address of this page: what was refused is shown at one that cannot be looked at again.
    pub(super) here: String,
}

impl Frame {
    pub(super) fn new(look: &Look, tab: Tab, me: Option<Me>) -> Self {
        let words = look.words;
        let way = |at: Tab, href, key, icon| Way { href, name: words.say(key), icon, is_here: at == tab };
        let ways = vec![
            way(Tab::Home, "/", "nav-home", "home"),
            way(Tab::Groups, "/groups", "nav-groups", "groups"),
            way(Tab::People, "/people", "nav-people", "people"),
            way(Tab::Inbox, "/inbox", "nav-inbox", "inbox"),
            way(Tab::Network, "/network", "nav-network", "network"),
            way(Tab::Settings, "/settings", "nav-settings", "settings"),
        ];
        let did = look.did.as_deref().map(|key| (key, words.say(key)));
        Self {
            words,
            here: look.here.clone().unwrap_or_else(|| "/".to_owned()),
            scheme: look.scheme,
            ways: if me.is_some() { ways } else { Vec::new() },
            held: me.as_ref().is_some_and(|me| me.held.is_some()),
            me: me.map(|me| Face::of(&me.feed, &me.name.unwrap_or_default())),
            did: did.filter(|(key, text)| key != text).map(|(_, text)| text),
        }
    }

    /// The same around the page of that address.
    pub(super) fn at(self, here: impl Into<String>) -> Self {
        Self { here: here.into(), ..self }
    }

    pub(super) fn say(&self, key: &str) -> String {
        self.words.say(key)
    }
    pub(super) fn count(&self, key: &str, count: impl Count) -> String {
        self.words.count(key, count)
    }
    pub(super) fn of(&self, key: &str, who: &str) -> String {
        self.words.of(key, who)
    }
    pub(super) fn lang(&self) -> &'static str {
        self.words.tag()
    }
    /// Tag and name of each language that there is.
    pub(super) fn languages(&self) -> [(&'static str, &'static str); 2] {
        Words::ALL.map(|words| (words.tag(), words.own_name()))
    }
    pub(super) fn direction(&self) -> &'static str {
        self.words.direction()
    }
    pub(super) fn style(&self) -> &'static str {
        assets::style()
    }
    pub(super) fn script(&self) -> &'static str {
        assets::script()
    }
    /// What pages with a camera have besides.
    pub(super) fn scan(&self) -> &'static str {
        assets::scan()
    }
    pub(super) fn icon(&self) -> &'static str {
        assets::icon()
    }
}

/// A template that is answered as a page.
pub(super) struct Page<T>(pub(super) T);

impl<T: Template> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        match self.0.render() {
            Ok(text) => ([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
