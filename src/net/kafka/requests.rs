//! The requests that the client sends, with the versions that it speaks.

use kafka_protocol::messages::{
    AddOffsetsToTxnRequest, AddOffsetsToTxnResponse, AddPartitionsToTxnRequest, AddPartitionsToTxnResponse,
    ApiVersionsRequest, ApiVersionsResponse, CreateTopicsRequest, CreateTopicsResponse, EndTxnRequest, EndTxnResponse,
    FetchRequest, FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse, InitProducerIdRequest,
    InitProducerIdResponse, ListOffsetsRequest, ListOffsetsResponse, MetadataRequest, MetadataResponse,
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, ProduceRequest,
    ProduceResponse, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion};

/// A request, its number, and the versions that the client speaks: the largest that the broker has, too, is used.
pub trait KafkaRequest: Encodable + HeaderVersion {
    /// The number of the request.
    const KEY: i16;
    /// The name of the request, for messages.
    const NAME: &'static str;
    /// The first and the last version.
    const VERSIONS: (i16, i16);
    /// The response.
    type Response: Decodable + HeaderVersion;
}

macro_rules! requests {
    ($($key:literal $request:ident $response:ident $first:literal $last:literal)*) => {$(
        impl KafkaRequest for $request {
            const KEY: i16 = $key;
            const NAME: &'static str = stringify!($request);
            const VERSIONS: (i16, i16) = ($first, $last);
            type Response = $response;
        }
    )*};
}

requests! {
    0 ProduceRequest ProduceResponse 3 9
    1 FetchRequest FetchResponse 4 11
    2 ListOffsetsRequest ListOffsetsResponse 2 5
    3 MetadataRequest MetadataResponse 1 12
    8 OffsetCommitRequest OffsetCommitResponse 2 8
    9 OffsetFetchRequest OffsetFetchResponse 1 7
    10 FindCoordinatorRequest FindCoordinatorResponse 1 3
    17 SaslHandshakeRequest SaslHandshakeResponse 1 1
    18 ApiVersionsRequest ApiVersionsResponse 0 0
    19 CreateTopicsRequest CreateTopicsResponse 2 6
    22 InitProducerIdRequest InitProducerIdResponse 0 4
    24 AddPartitionsToTxnRequest AddPartitionsToTxnResponse 0 3
    25 AddOffsetsToTxnRequest AddOffsetsToTxnResponse 0 3
    26 EndTxnRequest EndTxnResponse 0 3
    28 TxnOffsetCommitRequest TxnOffsetCommitResponse 0 3
    36 SaslAuthenticateRequest SaslAuthenticateResponse 0 2
}
