use super::*;

fn me() -> Advert {
    Advert {
        feed: feed(1),
        net: NetId::of_name("test"),
        bound: ([0, 0, 0, 0], 4747).into(),
        discoverable: true,
        instance: [0xab; 8],
    }
}

fn feed(n: u8) -> FeedId {
    FeedId::new([n; 32])
}

/// An advert as it arrives.
fn arrived(name: &str, ips: &str, port: u16, txt: &[(&str, &str)]) -> ResolvedService {
    ServiceInfo::new(SERVICE, name, "somewhere.local.", ips, port, txt).unwrap().as_resolved_service()
}

fn seen(who: Who, addrs: &[&str]) -> Sighting {
    let addrs = addrs.iter().map(|addr| addr.parse().unwrap()).collect();
    Sighting::Seen { who, addrs, interfaces: BTreeSet::new() }
}

fn gone(who: Who, addrs: &[&str]) -> Sighting {
    Sighting::Gone { who, addrs: addrs.iter().map(|addr| addr.parse().unwrap()).collect() }
}

#[test]
fn an_advert_is_believed_as_far_as_it_can_be() {
    let net = net_prefix(&me().net);
    let (ben, mine) = (feed(2).to_string(), me().feed.to_string());
    let good = [("v", "1"), ("net", &*net), ("feed", &*ben)];
    let with = |n: usize, pair| {
        let mut txt = good.to_vec();
        txt[n] = pair;
        txt
    };
    let cases = [
        ("as it should be", good.to_vec(), "192.0.2.7", 4747, true),
        ("with a key that is not known", [&good[..], &[("new", "x")]].concat(), "192.0.2.7", 4747, true),
        ("by tag", with(2, ("tag", "00112233445566ff")), "192.0.2.7", 4747, true),
        ("another version", with(0, ("v", "2")), "192.0.2.7", 4747, false),
        ("no version", good[1..].to_vec(), "192.0.2.7", 4747, false),
        ("another network", with(1, ("net", "0000000000000000")), "192.0.2.7", 4747, false),
        ("neither feed nor tag", good[..2].to_vec(), "192.0.2.7", 4747, false),
        ("both", [&good[..], &[("tag", "00112233445566ff")]].concat(), "192.0.2.7", 4747, false),
        ("a mistyped feed", with(2, ("feed", &ben[..ben.len() - 1])), "192.0.2.7", 4747, false),
        ("a tag too short", with(2, ("tag", "00112233445566f")), "192.0.2.7", 4747, false),
        ("a tag too long", with(2, ("tag", "00112233445566ff0")), "192.0.2.7", 4747, false),
        ("a tag in capitals", with(2, ("tag", "00112233445566FF")), "192.0.2.7", 4747, false),
        ("my own feed, of another instance", with(2, ("feed", &*mine)), "192.0.2.7", 4747, true),
        ("no port", good.to_vec(), "192.0.2.7", 0, false),
        ("this machine", good.to_vec(), "127.0.0.1,::1", 4747, false),
        ("nowhere", good.to_vec(), "0.0.0.0,::", 4747, false),
        ("everybody", good.to_vec(), "224.0.0.1,ff02::1", 4747, false),
    ];
    for (name, txt, ips, port, believed) in cases {
        let news = Watch::new(me(), Reach::Interfaces).resolved(&arrived("x", ips, port, &txt));
        assert_eq!(!news.is_empty(), believed, "{name}: {news:?}");
    }
    let mine = arrived(&hex(&me().instance), "192.0.2.7", 1, &with(2, ("tag", "00112233445566ff")));
    assert_eq!(Watch::new(me(), Reach::Interfaces).resolved(&mine), [], "my own instance, by tag");
}

#[test]
fn on_loopback_nobody_else_is_believed() {
    let (net, ben) = (net_prefix(&me().net), feed(2).to_string());
    let txt = [("v", "1"), ("net", &*net), ("feed", &*ben)];
    let mut watch = Watch::new(me(), Reach::Loopback);
    let news = watch.resolved(&arrived("x", "192.0.2.7,127.0.0.1", 4747, &txt));
    assert_eq!(news, [seen(Who::Feed(feed(2)), &["127.0.0.1:4747"])]);
}

#[test]
fn what_changes_is_told_and_what_ends_is_taken_back() {
    let net = net_prefix(&me().net);
    let (ben, cyd) = (feed(2).to_string(), feed(3).to_string());
    let bens = [("v", "1"), ("net", &*net), ("feed", &*ben)];
    let cyds = [("v", "1"), ("net", &*net), ("feed", &*cyd)];
    let (ben, cyd) = (Who::Feed(feed(2)), Who::Feed(feed(3)));
    let mut watch = Watch::new(me(), Reach::Interfaces);
    let name = arrived("x", "192.0.2.7", 1, &bens).get_fullname().to_owned();

    let news = watch.resolved(&arrived("x", "192.0.2.7,192.0.2.8", 1, &bens));
    assert_eq!(news, [seen(ben, &["192.0.2.7:1", "192.0.2.8:1"])]);
    let news = watch.resolved(&arrived("x", "192.0.2.8", 1, &bens));
    assert_eq!(news, [gone(ben, &["192.0.2.7:1"]), seen(ben, &["192.0.2.8:1"])]);
    let news = watch.resolved(&arrived("x", "192.0.2.8", 1, &cyds));
    assert_eq!(news, [gone(ben, &["192.0.2.8:1"]), seen(cyd, &["192.0.2.8:1"])]);
    assert_eq!(watch.removed(&name), [gone(cyd, &["192.0.2.8:1"])]);
    assert_eq!(watch.removed(&name), []);
    watch.resolved(&arrived("x", "192.0.2.8", 1, &cyds));
    assert_eq!(watch.resolved(&arrived("x", "192.0.2.8", 1, &[])), [gone(cyd, &["192.0.2.8:1"])]);
}

#[test]
fn one_instance_and_one_address_too_many_are_passed_over() {
    let (net, ben) = (net_prefix(&me().net), feed(2).to_string());
    let txt = [("v", "1"), ("net", &*net), ("feed", &*ben)];
    let mut watch = Watch::new(me(), Reach::Interfaces);
    for n in 0..LAN_FEEDS_MAX {
        assert_eq!(watch.resolved(&arrived(&n.to_string(), "192.0.2.7", 1, &txt)).len(), 1);
    }
    assert_eq!(watch.resolved(&arrived("more", "192.0.2.7", 1, &txt)), []);
    let ips: Vec<_> = (1..=ADDRS_MAX + 1).map(|n| format!("192.0.2.{n}")).collect();
    let news = watch.resolved(&arrived("0", &ips.join(","), 1, &txt));
    assert!(matches!(&news[..], [.., Sighting::Seen { addrs, .. }] if addrs.len() == ADDRS_MAX), "{news:?}");
}

#[test]
fn only_addresses_that_the_listener_accepts_on_are_advertised() {
    let cases = [
        ("0.0.0.0", "192.0.2.7", true),
        ("0.0.0.0", "2001:db8::7", false),
        ("::", "192.0.2.7", true),
        ("::", "2001:db8::7", true),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
    ];
    for (bound, addr, accepted) in cases {
        assert_eq!(accepts(bound.parse().unwrap(), addr.parse().unwrap()), accepted, "{bound} {addr}");
    }
}

#[test]
fn a_link_local_address_is_advertised_while_one_interface_has_one() {
    use if_addrs::{IfAddr, IfOperStatus, Ifv6Addr};

    let interface = |index, ip: &str, oper_status| Interface {
        name: format!("eth{index}"),
        addr: IfAddr::V6(Ifv6Addr {
            ip: ip.parse().unwrap(),
            netmask: "ffff:ffff:ffff:ffff::".parse().unwrap(),
            prefixlen: 64,
            broadcast: None,
        }),
        index: Some(index),
        oper_status,
        is_p2p: false,
    };
    let up = |index, ip| interface(index, ip, IfOperStatus::Up);
    let (card, bridge) = (up(2, "fe80::2"), up(3, "fe80::3"));
    let down = interface(3, "fe80::3", IfOperStatus::Down);
    let routable = up(3, "2001:db8::3");
    assert!(names_one_link(&card, std::slice::from_ref(&card)));
    assert!(names_one_link(&card, &[card.clone(), up(2, "fe80::22")]), "two on one interface");
    assert!(!names_one_link(&card, &[card.clone(), bridge.clone()]));
    assert!(names_one_link(&card, &[card.clone(), down]), "a bridge that is down has none");
    assert!(names_one_link(&card, &[card.clone(), routable.clone()]));
    assert!(names_one_link(&routable, &[card, bridge, routable.clone()]));
}

#[test]
fn a_tag_is_recognised_a_day_around_and_no_longer() {
    let feeds = || [feed(2), feed(3)];
    let tag = tag(&feed(3), 20_000);
    for (day, found) in [(19_998, None), (19_999, Some(feed(3))), (20_001, Some(feed(3))), (20_002, None)] {
        assert_eq!(bearer(feeds(), tag, day), found, "{day}");
    }
}

/// Written by hand, from another SHA-256.
#[test]
fn the_tag_in_the_spec_is_ours() {
    let vector = include_str!("../../../spec/vectors/gossip/lan_tag.json");
    let vector: serde_json::Value = serde_json::from_str(vector).unwrap();
    assert_eq!(vector["feed"], hex(feed(3).as_bytes()));
    let day = vector["day"].as_u64().unwrap().try_into().unwrap();
    assert_eq!(vector["tag"], hex(&tag(&feed(3), day)));
}
