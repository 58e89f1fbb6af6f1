#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| klatch_gossip_fuzz::frame::check(bytes));
