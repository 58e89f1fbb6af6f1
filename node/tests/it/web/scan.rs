//! Codes in pictures: a guest scans a door and a door a guest, by pictures that are sent in a form.

use klatch::web::scan::{PICTURE_BYTES_MAX, PIXELS_MAX};
use qrcode::{Color, QrCode};

use super::door::{Evening, code, evening};
use crate::browser::{Answer, Browser};
use crate::person::Network;

/// A picture of a QR code as a screen shows it, in PNG.
fn picture(text: &str) -> Vec<u8> {
    const MODULE: usize = 5;
    let code = QrCode::new(text).unwrap();
    let side = (code.width() + 8) * MODULE;
    let grey = |at: usize| {
        let (x, y) = (at % side / MODULE, at / side / MODULE);
        let inside = (4..code.width() + 4).contains(&x) && (4..code.width() + 4).contains(&y);
        if inside && code[(x - 4, y - 4)] == Color::Dark { 20 } else { 235 }
    };
    let pixels: Vec<u8> = (0..side * side).map(grey).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

/// The head of a PNG that claims to be so large.
fn png(width: usize, height: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    drop(encoder.write_header().unwrap());
    bytes
}

const BOUNDARY: &str = "----klatch";

/// A form with a picture as a browser sends it.
fn form(fields: &[(&str, &str)], picture: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n").bytes(),
        );
        body.extend(format!("{value}\r\n").bytes());
    }
    let head = "content-disposition: form-data; name=\"picture\"; filename=\"p\"\r\ncontent-type: image/png";
    body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
    body.extend(picture);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

fn send(browser: &Browser, accept: &str, fields: &[(&str, &str)], picture: &[u8]) -> Answer {
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    post(browser, accept, &kind, &form(fields, picture))
}

fn post(browser: &Browser, accept: &str, kind: &str, body: &[u8]) -> Answer {
    let host = browser.host();
    let head = format!(
        "POST /scan HTTP/1.1\r\nconnection: close\r\nhost: {host}\r\norigin: http://{host}\r\ncookie: {}\r\n\
         accept: {accept}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        browser.cookie,
        body.len()
    );
    browser.raw(&[head.as_bytes(), body].concat())
}

const PAGE: &str = "text/html";
const CODE: &str = "text/plain";

#[test]
fn a_guest_scans_a_door_by_a_picture_and_the_door_the_guest_s_answer() {
    let Evening { ben, at_ana, at_ben, event, .. } = &evening();
    let door = format!("/event/{event}/door");
    let shown = code(&at_ana.done(&format!("{door}/open"), &[]), "klatch:door/1/");
    let read = send(at_ben, PAGE, &[("for", "checkin")], &picture(&shown));
    assert_eq!(read.status, 200, "{read:?}");
    read.says("The code was read.").says(&format!("value=\"{shown}\"")).says(&format!("value=\"{event}\""));
    assert_eq!(at_ben.page("/checkin").body.matches("You are in").count(), 0, "nothing is done yet");
    let answer = at_ben.post("/checkin", &[("event", event), ("code", &shown), ("how", "show")]);
    let answer = code(&answer, "klatch:guest/1/");

    let at = [("for", "door"), ("event", &**event), ("on", "")];
    let wrong = send(at_ana, PAGE, &at, &picture(&shown));
    assert_eq!(wrong.status, 422, "a door's own code is no answer");
    wrong.says("not the one that is asked for").says("data-scheme=\"dark\"");
    let read = send(at_ana, PAGE, &at, &picture(&answer));
    assert_eq!(read.status, 200, "{read:?}");
    read.says(&format!("value=\"{answer}\"")).says("0 of 1 here");
    assert!(!read.body.contains("http-equiv"), "what was read is not loaded away");
    at_ana.done(&format!("{door}/scan"), &[("code", &answer)]).says("1 of 1 here").says(&ben.feed);

    assert_eq!(send(at_ben, PAGE, &at, &picture(&answer)).status, 403, "a guest stands at no door");
}

#[test]
fn a_script_gets_the_code_alone_and_a_page_without_a_camera_must_not_use_one() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let at = [("for", "people")];
    let code = send(&browser, CODE, &at, &picture(&ana.feed));
    assert_eq!((code.status, &*code.body), (200, &*ana.feed));
    assert_eq!(code.header("content-type"), Some("text/plain; charset=utf-8"));
    let page = send(&browser, PAGE, &at, &picture(&ana.feed));
    page.says("The code was read.").says(&format!(">{}</textarea>", ana.feed));
    let other = send(&browser, CODE, &at, &picture("https://example.org"));
    assert_eq!(other.status, 422);
    assert_eq!(other.body, "That QR code is not the one that is asked for here.");
    let blank = picture_of_nothing();
    assert_eq!(send(&browser, CODE, &at, &blank).status, 204);
    let page = send(&browser, PAGE, &at, &blank);
    assert_eq!(page.status, 422);
    page.says("no QR code to be seen").says("id=\"unread\"");
    for odd in [&b"GIF89a"[..], b"", b"\xff\xd8\xff", b"\x89PNG"] {
        let refused = send(&browser, PAGE, &at, odd);
        assert_eq!(refused.status, 422, "{odd:?}");
        refused.says("cannot be read");
    }
    let whole = include_bytes!("../../pictures/tilted.jpg");
    let cut = send(&browser, PAGE, &at, &whole[..whole.len() / 4]);
    assert_eq!(cut.status, 422);
    cut.says("only a part of the file came").says("at most 16 MiB");
    assert_eq!(send(&browser, PAGE, &[("for", "nowhere")], &blank).status, 404);
    assert_eq!(post(&browser, PAGE, "application/x-www-form-urlencoded", b"for=people").status, 400);
    assert_eq!(post(&browser, PAGE, "multipart/form-data; boundary=x", b"--x\r\nno end").status, 400);
    let stranger = Browser { address: browser.address, cookie: String::new() };
    assert_eq!(send(&stranger, CODE, &at, &blank).status, 403);
    let policy = |page: &Answer| page.header("permissions-policy").unwrap().to_owned();
    let event = ana.schedules("Tea");
    let door = format!("/event/{event}/door");
    browser.done(&format!("{door}/open"), &[]);
    for path in ["/people", "/checkin", &door] {
        let page = browser.page(path);
        assert_eq!(policy(&page), "camera=(self), microphone=(), geolocation=()", "{path}");
        page.says("data-scanner=\"").says("enctype=\"multipart/form-data\"").says("/assets/scan-");
    }
    for path in ["/", "/settings", &format!("/event/{event}"), &format!("/person/{}", ana.feed)] {
        assert_eq!(policy(&browser.page(path)), "camera=(), microphone=(), geolocation=()", "{path}");
    }
}

fn picture_of_nothing() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 300, 200);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header().unwrap().write_image_data(&[200; 300 * 200 * 3]).unwrap();
    bytes
}

#[test]
fn one_past_each_limit_of_pictures_is_refused() {
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let at = [("for", "people")];
    let frame = form(&at, b"").len();
    let most = send(&browser, CODE, &at, &vec![0; PICTURE_BYTES_MAX - frame]);
    assert_eq!(most.status, 422, "as much as may come is looked at, and is no picture: {}", most.head);
    let more = send(&browser, CODE, &at, &vec![0; PICTURE_BYTES_MAX + 1 - frame]);
    assert_eq!(more.status, 413, "{}", more.head);

    let side = PIXELS_MAX.isqrt();
    assert_eq!(side * side, PIXELS_MAX);
    let said = |width, height| send(&browser, CODE, &at, &png(width, height)).body;
    assert!(
        said(side, side).contains("cannot be read"),
        "as large as may be, and then there is no more of it"
    );
    assert!(said(side, side + 1).contains("too large"));
    assert!(said(60_000, 60_000).contains("too large"));
    assert_eq!(send(&browser, CODE, &at, &picture(&ana.feed)).status, 200, "and it goes on");
}

#[test]
fn a_picture_made_to_keep_a_reader_busy_for_ever_costs_its_time_and_nothing_else() {
    // What three of the corners of a QR code look like, ten thousand times: each could belong to each.
    const SIDE: usize = 800;
    let grey = |at: usize| {
        let (x, y) = (at % SIDE % 8, at / SIDE % 8);
        let ring = |from: usize| (from..7 - from).contains(&x) && (from..7 - from).contains(&y);
        if ring(2) || (ring(0) && !ring(1)) { 20 } else { 235 }
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, SIDE as u32, SIDE as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let pixels: Vec<u8> = (0..SIDE * SIDE).map(grey).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    let network = Network::new();
    let ana = network.person("ana");
    let node = ana.alone();
    let browser = Browser::at(&node);
    let at = [("for", "people")];
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| send(&browser, CODE, &at, &bytes).status);
        browser.page("/people"); // Pages are answered meanwhile.
        assert_eq!(busy.join().unwrap(), 204);
    });
    assert_eq!(send(&browser, CODE, &at, &picture(&ana.feed)).body, ana.feed, "and the next picture is read");
}

#[test]
fn the_command_line_reads_pictures_too() {
    let network = Network::new();
    let ana = network.person("ana");
    let file = network.file().replace("network.json", "code.png");
    std::fs::write(&file, picture("klatch:door/1/\u{1b}[2J")).unwrap();
    assert_eq!(ana.json(&["scan", &file])[0], "klatch:door/1/\u{1b}[2J");
    let screen = ana.run(&["scan", &file]).stdout;
    assert_eq!(String::from_utf8(screen).unwrap(), "klatch:door/1/\u{fffd}[2J\n", "it steers no terminal");
    std::fs::write(&file, picture_of_nothing()).unwrap();
    let nothing = ana.run(&["scan", &file]);
    assert_eq!(nothing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&nothing.stderr).contains("no QR code to be seen"));
    std::fs::write(&file, "no picture").unwrap();
    assert!(ana.refused(&["scan", &file]).contains("neither a JPEG nor a PNG"));
    std::fs::write(&file, vec![0xff; PICTURE_BYTES_MAX + 1]).unwrap();
    assert!(ana.refused(&["scan", &file]).contains("longer than 16 MiB"));
}
