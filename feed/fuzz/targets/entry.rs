#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| klatch_feed_fuzz::entry::check(bytes));
