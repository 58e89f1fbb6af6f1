//! Lines that people pass on, as QR codes.

use std::fmt::Write;

use qrcode::{Color, QrCode};

/// Modules of the quiet zone that readers need.
const QUIET: usize = 4;

/// A QR code as SVG, black on white in every scheme; `None` if the line is too long for one.
pub(super) fn qr(line: &str) -> Option<String> {
    let code = QrCode::new(line).ok()?;
    let width = code.width();
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (at, _) in code.to_colors().iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
        let _ = write!(path, "M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET); // Text takes all.
    }
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"qr\" viewBox=\"0 0 {side} {side}\" aria-hidden=\"true\" \
         shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_is_drawn_and_nothing_of_it_is_markup() {
        let drawn = super::qr("klatch:\"><script>").unwrap();
        assert!(drawn.contains("h1v1h-1z") && !drawn.contains("script"), "{drawn}");
        assert_eq!(super::qr(&"x".repeat(4000)), None);
    }
}
