//! Generated trees: their canonical text parses to the same tree.

use std::sync::Arc;

use proptest::prelude::*;

use super::assert_reads_back;
use crate::data::Value;
use crate::lang::ast::{
    Argument, BinaryOp, Expr, ExprKind, Name, Path, Pipeline, RegexLiteral, Segment, Span, Stage, UnaryOp,
};
use crate::lang::regex::has_open_class;

fn node(kind: ExprKind) -> Expr {
    Expr::new(kind, Span::default()).expect("generated trees are not deep")
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d]{1,3}".prop_filter("reserved", |name| !name.is_empty()),
        1 => prop::sample::select(vec!["by", "as", "from", "in", "not", "null", "or", "@source", "@", "9x", "", "is", "like", "IN", "größe"])
            .prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn any_segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        any_name().prop_map(Segment::Name),
        any::<i64>().prop_map(Segment::Index),
        "[0-9a-z]{1,3}".prop_map(Segment::Name)
    ]
}

fn any_path() -> impl Strategy<Value = Path> {
    (any_name(), prop::collection::vec(any_segment(), 0..3)).prop_map(|(first, mut rest)| {
        rest.insert(0, Segment::Name(first));
        Path(rest)
    })
}

fn any_literal() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0..i64::MAX).prop_map(Value::Int),
        (0i64..100).prop_map(Value::Int),
        Just(Value::Int(i64::MIN)),
        any::<f64>().prop_filter_map("finite", |value| value.is_finite().then_some(Value::Float(value.abs()))),
        (0..i64::MAX).prop_map(Value::Duration),
        any::<Vec<u8>>().prop_map(Value::Text),
        any::<String>().prop_map(|text| Value::Text(text.into_bytes())),
    ]
}

fn any_regex() -> impl Strategy<Value = RegexLiteral> {
    let piece = prop_oneof!["[a-z/ |()*+]", r"\\[a-z\\.]", "[^\\\\\n]"];
    let pattern = prop::collection::vec(piece, 1..6)
        .prop_map(|pieces| pieces.concat())
        .prop_filter("a class without end", |pattern| !has_open_class(pattern));
    (pattern, "[imsxU]{0,2}").prop_map(|(pattern, flags)| RegexLiteral { pattern, flags })
}

fn any_binary() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    prop::sample::select(vec![
        Or,
        And,
        Equal,
        NotEqual,
        Less,
        LessEqual,
        Greater,
        GreaterEqual,
        Matches,
        NotMatches,
        Coalesce,
        Add,
        Subtract,
        Multiply,
        Divide,
        FloorDivide,
        Remainder,
    ])
}

fn any_call(argument: impl Strategy<Value = Expr>) -> impl Strategy<Value = Expr> {
    ("[a-d]{1,3}(\\.[0-9a-z]{1,2})?", prop::collection::vec(argument, 0..3)).prop_map(|(text, arguments)| {
        let name = Name { text, span: Span::default() };
        node(ExprKind::Call(name, arguments))
    })
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        4 => any_path().prop_map(|path| node(ExprKind::Field(path))),
        3 => any_literal().prop_map(|value| node(ExprKind::Literal(value))),
        1 => any_regex().prop_map(|regex| node(ExprKind::Regex(regex))),
        1 => (0u32..1000).prop_map(|tenths| node(ExprKind::Percent(f64::from(tenths) / 10.0))),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        let unary = prop_oneof![Just(UnaryOp::Not), Just(UnaryOp::Negate)];
        let list = prop::collection::vec(inner.clone(), 1..4);
        let is_base = |expr: &Expr| !matches!(expr.kind, ExprKind::Field(_) | ExprKind::Access(..));
        prop_oneof![
            4 => (any_binary(), inner.clone(), inner.clone()).prop_map(|(op, left, right)| {
                node(ExprKind::Binary(op, Box::new(left), Box::new(right)))
            }),
            2 => (unary, inner.clone()).prop_map(|(op, operand)| node(ExprKind::Unary(op, Box::new(operand)))),
            1 => (inner.clone(), list).prop_map(|(operand, list)| node(ExprKind::InList(Box::new(operand), list))),
            1 => (inner.clone(), any_path()).prop_map(|(operand, path)| {
                node(ExprKind::In(Box::new(operand), Box::new(node(ExprKind::Field(path)))))
            }),
            1 => any_call(inner.clone()),
            1 => prop::collection::vec(inner.clone(), 0..3).prop_map(|items| node(ExprKind::List(items))),
            1 => prop::collection::vec((any_name(), inner.clone()), 0..3).prop_map(|mut fields| {
                let mut names = std::collections::HashSet::new();
                fields.retain(|(name, _)| names.insert(name.clone()));
                let field = |(text, value)| (Name { text, span: Span::default() }, value);
                node(ExprKind::Object(fields.into_iter().map(field).collect()))
            }),
            1 => (inner.prop_filter("a base", is_base), prop::collection::vec(any_segment(), 1..3))
                .prop_map(|(base, segments)| node(ExprKind::Access(Box::new(base), segments))),
        ]
    })
}

/// A stage with pipelines among its arguments, in which there are others.
fn any_stage() -> impl Strategy<Value = Stage> {
    let flat = stage_of(any_expr().prop_map(Argument::Expr)).boxed();
    let deeper = stage_of(any_argument(flat)).boxed();
    stage_of(any_argument(deeper))
}

/// An expression, or a pipeline of such stages.
fn any_argument(stage: BoxedStrategy<Stage>) -> impl Strategy<Value = Argument> {
    let pipeline = prop::collection::vec(stage, 2..4)
        .prop_map(|stages| Argument::Pipeline(Pipeline { stages, text: Arc::default() }, Span::default()));
    prop_oneof![9 => any_expr().prop_map(Argument::Expr), 1 => pipeline]
}

/// Arguments with a comma or an equals sign between any two, so that nothing can run together.
fn stage_of(argument: impl Strategy<Value = Argument>) -> impl Strategy<Value = Stage> {
    let head = prop_oneof![
        "[a-d]{1,3}".prop_map(|name| node(ExprKind::Field(Path(vec![Segment::Name(name)])))),
        any_call(any_expr()),
    ];
    let separated = (argument, any::<bool>());
    (head, any::<bool>(), prop::collection::vec(separated, 0..4)).prop_map(|(head, begins_with_comma, separated)| {
        let is_call = matches!(head.kind, ExprKind::Call(..));
        let mut arguments = Vec::new();
        if begins_with_comma || is_call {
            arguments.push(Argument::Comma(Span::default()));
        }
        for (argument, is_equals) in separated {
            arguments.push(argument);
            arguments.push(if is_equals {
                Argument::Equals(Span::default())
            } else {
                Argument::Comma(Span::default())
            });
        }
        Stage { head, arguments, span: Span::default() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn canonical_text_reads_back(stages in prop::collection::vec(any_stage(), 1..4)) {
        assert_reads_back(&Pipeline { stages, text: Arc::default() });
    }
}
