use super::*;

fn normal(text: &str) -> Result<String, String> {
    let symbol: Result<CandleSymbol, _> = text.parse();
    symbol
        .map(|symbol| symbol.to_string())
        .map_err(|error| error.to_string())
}

#[test]
fn the_normal_form_is_the_venues() {
    for (text, expected) in [
        ("AAPL{=1m}", "AAPL{=m}"),
        ("AAPL{=1d}", "AAPL{=d}"),
        ("AAPL{=5m,tho=false}", "AAPL{=5m}"),
        ("AAPL{tho=true,=h,a=s}", "AAPL{=h,a=s,tho=true}"),
        ("AAPL{=5minutes}", "AAPL{=5m}"),
        ("AAPL{=Minute}", "AAPL{=m}"),
        ("AAPL{=2MO}", "AAPL{=2mo}"),
        ("AAPL{=mont}", "AAPL{=mo}"),
        ("AAPL{=OPTEXP}", "AAPL{=o}"),
        ("AAPL{=1.50h,price=LAST,a=Midnight}", "AAPL{=1.5h}"),
        ("EUR/USD{=h,price=bid}", "EUR/USD{=h,price=bid}"),
        (
            "/ESZ26:XCME{=15m,price=Settlement}",
            "/ESZ26:XCME{=15m,price=s}",
        ),
        ("AAPL{=1000t}", "AAPL{=1000t}"),
        ("AAPL&Q{=d}", "AAPL&Q{=d}"),
        ("AAPL{=t}", "AAPL"),
        ("AAPL", "AAPL"),
        ("AAPL{=2.0p,pl=0.10,a=m}", "AAPL{=2p,pl=0.1}"),
        ("AAPL{=pm,tho=TRUE,pl=0}", "AAPL{=pm,pl=0,tho=true}"),
        ("=A-2*B{=pr}", "=A-2*B{=pr}"),
    ] {
        assert_eq!(normal(text).as_deref(), Ok(expected), "{text}");
        assert_eq!(normal(expected).as_deref(), Ok(expected));
    }
}

#[test]
fn errors_list_what_is_valid() {
    for (text, words) in [
        ("", "instrument is missing"),
        ("{=m}", "instrument is missing"),
        ("AAPL{=m", "braces"),
        ("AAPL=m}", "braces"),
        ("AAPL{=m}{=h}", "braces"),
        ("AAPL{m}", "a key and a value"),
        ("AAPL{}", "a key and a value"),
        ("AAPL{=m,=h}", "twice"),
        ("AAPL{=}", "expected a positive amount"),
        ("AAPL{=0m}", "one of t (ticks), s, m (minutes)"),
        ("AAPL{=-5m}", "one of t"),
        ("AAPL{=5}", "one of t"),
        ("AAPL{=5x}", "one of t"),
        ("AAPL{=1.2.3m}", "one of t"),
        ("AAPL{=m,price=open}", "last, bid, ask, mark and s"),
        ("AAPL{=m,tho=yes}", "true or false"),
        ("AAPL{=m,a=x}", "m (midnight) or s (session)"),
        ("AAPL{=m,pl=-1}", "at least 0"),
        ("AAPL{=m,THO=true}", "a (alignment), pl (price level)"),
        ("AAPL&QQ{=m}", "one letter"),
        ("AAPL&{=m}", "one letter"),
    ] {
        let error = normal(text).unwrap_err();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn the_builder_makes_what_is_parsed() {
    let level = decimal::parse("0.50").unwrap();
    let built = CandleSymbol::new("AAPL", CandlePeriod::days(2))
        .exchange('Q')
        .price(CandlePrice::Mark)
        .regular_hours()
        .from_session()
        .price_level(level)
        .unwrap();
    assert_eq!(
        built.to_string(),
        "AAPL&Q{=2d,a=s,pl=0.5,price=mark,tho=true}"
    );
    assert_eq!(built.to_string().parse(), Ok(built.clone()));
    let json = serde_json::to_string(&built).unwrap();
    assert_eq!(serde_json::from_str::<CandleSymbol>(&json).unwrap(), built);
    assert_eq!(Symbol::from(&built), *built.to_string());
    let plain = CandleSymbol::new("AAPL", CandlePeriod::days(2));
    assert!(plain.price_level(-level).is_err());
}

#[test]
fn periods_are_intervals_where_there_are_such() {
    for (symbol, interval) in [
        ("A{=30s}", Some(Interval::seconds(30))),
        ("A{tho=true,=5m}", Some(Interval::minutes(5))),
        ("A{=1.5m}", Some(Interval::seconds(90))),
        ("A{=0.5h}", Some(Interval::minutes(30))),
        ("A{=2h}", Some(Interval::hours(2))),
        ("A{=d}", Some(Interval::days(1))),
        ("A{=w}", Some(Interval::weeks(1))),
        ("A{=3mo}", Some(Interval::months(3))),
        ("A{=y}", Some(Interval::months(12))),
        ("A{=1000t}", Some(Interval::trades(1000))),
        ("A", Some(Interval::trades(1))),
        ("A{=2.5v}", "2.5v".parse().ok()),
        ("A{=0.5s}", None),
        ("A{=0.5d}", None),
        ("A{=o}", None),
        ("A{=2p}", None),
        ("A{=pm}", None),
        ("A{=pr}", None),
        ("A{=", None),
        ("A{=x}", None),
    ] {
        assert_eq!(interval_of(symbol), interval, "{symbol}");
        if let Ok(parsed) = symbol.parse::<CandleSymbol>() {
            assert_eq!(parsed.interval(), interval, "{symbol}");
        }
    }
}
