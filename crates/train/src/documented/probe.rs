//! A reader of nothing: it gives every setting the simplest value that is asked for, and remembers what that was.

use std::cell::RefCell;
use std::fmt;

use serde::de::value::{StrDeserializer, UnitDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Why something cannot be read from nothing.
#[derive(Debug)]
pub(super) struct Refusal(String);

impl Refusal {
    /// Is it that this setting is missing?
    pub(super) fn is_missing(&self, name: &str) -> bool {
        self.0 == format!("missing field `{name}`")
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(says: T) -> Self {
        Self(says.to_string())
    }
}

/// A table in which only these settings are given.
pub(super) struct Probe<'a> {
    given: &'a [&'a str],
    seen: &'a RefCell<Seen>,
}

/// What was asked for.
#[derive(Default)]
struct Seen {
    kind: String,
    optional: bool,
}

/// Reads a struct from a table in which only these settings are given.
pub(super) fn read<T: DeserializeOwned>(given: &[&str]) -> Result<T, Refusal> {
    T::deserialize(Probe { given, seen: &RefCell::default() })
}

/// What a setting of a struct may be, and whether it may be none.
pub(super) fn kind_of<T: DeserializeOwned>(name: &str) -> (String, bool) {
    let seen = RefCell::default();
    // That others are missing is no matter.
    let _ = T::deserialize(Probe { given: &[name], seen: &seen });
    let Seen { kind, optional } = seen.into_inner();
    (kind, optional)
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_map(Table { left: self.given.iter().copied(), seen: self.seen })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }
}

/// The settings of a table, each with the simplest value.
struct Table<'a, I> {
    left: I,
    seen: &'a RefCell<Seen>,
}

impl<'de, 'a, I: Iterator<Item = &'a str>> MapAccess<'de> for Table<'_, I> {
    type Error = Refusal;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Refusal> {
        self.left.next().map(|key| seed.deserialize(StrDeserializer::new(key))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Refusal> {
        seed.deserialize(Any(self.seen))
    }
}

/// A value, whatever it is to be.
struct Any<'a>(&'a RefCell<Seen>);

impl Any<'_> {
    fn is(&self, kind: &str) {
        self.0.borrow_mut().kind.push_str(kind);
    }
}

/// What is inside of a value is not told of.
fn inside() -> RefCell<Seen> {
    RefCell::default()
}

macro_rules! simple {
    ($($method:ident $visit:ident $value:expr, $kind:expr;)*) => { $(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            self.is($kind);
            visitor.$visit($value)
        }
    )* };
}

impl<'de> Deserializer<'de> for Any<'_> {
    type Error = Refusal;

    simple! {
        deserialize_bool visit_bool false, "true or false";
        deserialize_u8 visit_u64 1, "whole number";
        deserialize_u16 visit_u64 1, "whole number";
        deserialize_u32 visit_u64 1, "whole number";
        deserialize_u64 visit_u64 1, "whole number";
        deserialize_i64 visit_u64 1, "whole number";
        deserialize_f64 visit_f64 1.0, "number";
        deserialize_str visit_str "x", "word";
        deserialize_string visit_str "x", "word";
    }

    /// What reads any value says itself what it expects.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.is(&(&visitor as &dyn de::Expected).to_string());
        visitor.visit_str("x")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.0.borrow_mut().optional = true;
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.is("list: ");
        visitor.visit_seq(List { left: 1, seen: self.0 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.is(&format!("list of {length}: "));
        visitor.visit_seq(List { left: length, seen: self.0 })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.is("table by names");
        visitor.visit_map(Table { left: std::iter::empty(), seen: &inside() })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.is(&format!("table of {}", fields.join(", ")));
        visitor.visit_map(Table { left: fields.iter().copied(), seen: &inside() })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.is(&format!("one of {}", variants.join(", ")));
        visitor.visit_enum(First(variants))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 char bytes byte_buf unit unit_struct tuple_struct identifier ignored_any
    }
}

/// Equal values, of which the first is told of.
struct List<'a> {
    left: usize,
    seen: &'a RefCell<Seen>,
}

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = Refusal;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Refusal> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let told = self.seen.borrow().kind.ends_with(": ");
        let other = inside();
        seed.deserialize(Any(if told { self.seen } else { &other })).map(Some)
    }
}

/// The first of some words.
struct First(&'static [&'static str]);

impl<'de> EnumAccess<'de> for First {
    type Error = Refusal;
    type Variant = UnitOnly;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, UnitOnly), Refusal> {
        let word = self.0.first().copied().unwrap_or_default();
        Ok((seed.deserialize(StrDeserializer::new(word))?, UnitOnly))
    }
}

/// A word with nothing beside it.
struct UnitOnly;

impl<'de> de::VariantAccess<'de> for UnitOnly {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Refusal> {
        seed.deserialize(UnitDeserializer::new())
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Refusal> {
        Err(de::Error::custom("no word alone"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Refusal> {
        Err(de::Error::custom("no word alone"))
    }
}
