//! A browser, as far as the page without script needs one: HTTP/1.1 over a socket, a cookie, forms.

use std::fmt;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use crate::person::Up;

/// Somebody at the machine of a node.
pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    /// What it sends as `Cookie`.
    pub(crate) cookie: String,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Of a page only what stands in it to be read, since a failed test prints it.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let main = self.body.split_once("<main").map_or(&*self.body, |(_, main)| main);
        let words = main.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
        let words = words.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ");
        let read = if words.is_empty() { &self.body } else { &words };
        write!(f, "{}\n{read}", self.head)
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let line =
            |line: &'_ str| line.split_once(": ").is_some_and(|(said, _)| said.eq_ignore_ascii_case(name));
        self.head
            .lines()
            .find(|text| line(text))
            .and_then(|text| text.split_once(": "))
            .map(|(_, value)| value)
    }

    /// The page says it.
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "{text:?} is not in {}\n{}", self.head, self.body);
        self
    }
}

impl Browser {
    /// Follows the link that a node printed when it started.
    pub(crate) fn at(node: &Up) -> Self {
        Self::follow(node.ready["page"].as_str().expect("the node serves a page"))
    }

    /// Follows a link into a page.
    pub(crate) fn follow(link: &str) -> Self {
        let (address, path) = link.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut browser = Self { address: address.parse().unwrap(), cookie: String::new() };
        let entered = browser.get(&format!("/{path}"));
        assert_eq!(entered.status, 200, "{entered:?}");
        let cookie = entered.header("set-cookie").unwrap();
        assert!(cookie.ends_with("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
        browser.cookie = cookie.split(';').next().unwrap().to_owned();
        browser
    }

    /// Bytes as they are, and all that comes back.
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        // A page that refuses a long request may close before it has read it whole.
        let _ = stream.write_all(request);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// One request with these lines in its head.
    pub(crate) fn ask(&self, method: &str, path: &str, lines: &[(&str, &str)], body: &str) -> Answer {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        for (name, value) in lines {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || method == "POST" {
            head += &format!("content-length: {}\r\n", body.len());
        }
        self.raw(format!("{head}\r\n{body}").as_bytes())
    }

    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[("host", &self.host()), ("cookie", &self.cookie)], "")
    }

    /// The page behind a path that must be there.
    pub(crate) fn page(&self, path: &str) -> Answer {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }

    /// Sends a form as a browser does.
    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let (host, origin) = (self.host(), format!("http://{}", self.host()));
        let lines = [
            ("host", &*host),
            ("origin", &*origin),
            ("cookie", &*self.cookie),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        self.ask("POST", path, &lines, &body.join("&"))
    }

    /// Sends a form that must be taken, and shows the page that comes next.
    pub(crate) fn done(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, fields);
        assert_eq!(answer.status, 303, "{path} {fields:?}: {answer:?}");
        self.page(answer.header("location").unwrap())
    }
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
