//! `s3`: the server access log of S3.

use super::walk::{Cursor, Missing, WalkDecoder, request_parts, unless_dash, unless_empty};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const S3: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "s3",
        usage: "parse s3",
        summary: "Server access log of an S3 bucket.",
        details: "\
Fields: bucket_owner bucket time:time remote_ip requester request_id operation key method path protocol status:int \
error_code bytes_sent:int object_size:int total_time:int turn_around_time:int referrer agent version_id rest.\n\nThe \
two times of the request are in milliseconds. A `-` is null. A request that is not `METHOD path PROTOCOL` is whole in \
path. Everything after the version, from the host id on, is in `rest`.",
        examples: &[Example {
            expr: "parse s3 | select bucket, operation, key, status, bytes_sent",
            input: "79a5 logs [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a5 3E57 REST.GET.OBJECT a/b.txt \"GET /logs/a/b.txt HTTP/1.1\" 200 - 113 113 7 6 \"-\" \"S3Console/0.4\" -\n",
            output: "logs\tREST.GET.OBJECT\ta/b.txt\t200\t113\n",
        }],
    },
    fields: &[
        text("bucket_owner"),
        text("bucket"),
        field("time", FieldType::Time),
        text("remote_ip"),
        text("requester"),
        text("request_id"),
        text("operation"),
        text("key"),
        text("method"),
        text("path"),
        text("protocol"),
        int("status"),
        text("error_code"),
        int("bytes_sent"),
        int("object_size"),
        int("total_time"),
        int("turn_around_time"),
        text("referrer"),
        text("agent"),
        text("version_id"),
        text("rest"),
    ],
    sample: Sample {
        line: "79a59df900b949e5 amzn-s3-demo-bucket1 [06/Feb/2019:00:00:38 +0000] 192.0.2.3 79a59df900b949e5 \
               3E57427F3EXAMPLE REST.GET.VERSIONING - \"GET /amzn-s3-demo-bucket1?versioning HTTP/1.1\" 200 - 113 - 7 - \
               \"-\" \"S3Console/0.4\" - s9lzHYrFp76ZVxRc= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader \
               amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - -",
        fields: "bucket_owner=79a59df900b949e5 bucket=amzn-s3-demo-bucket1 time=2019-02-06T00:00:38Z \
                 remote_ip=192.0.2.3 requester=79a59df900b949e5 request_id=3E57427F3EXAMPLE \
                 operation=REST.GET.VERSIONING method=GET path=/amzn-s3-demo-bucket1?versioning protocol=HTTP/1.1 \
                 status=200 bytes_sent=113 total_time=7 agent=S3Console/0.4 rest=s9lzHYrFp76ZVxRc= SigV4 \
                 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader amzn-s3-demo-bucket1.s3.us-west-1.amazonaws.com TLSV1.2 - -",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

const NAMES: [&str; 5] = [
    "an address after the time",
    "a requester after the address",
    "a request id after the requester",
    "an operation after the request id",
    "a key after the operation",
];

const NUMBERS: [&str; 6] = [
    "a status after the request",
    "an error code after the status",
    "sent bytes after the error code",
    "an object's size after the sent bytes",
    "a total time after the object's size",
    "a turn-around time after the total time",
];

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    places[0] = unless_dash(line, cursor.word("a bucket's owner at the start")?);
    places[1] = unless_dash(line, cursor.word("a bucket after its owner")?);
    cursor.expect(b"[", "'[' and a time after the bucket")?;
    places[2] = cursor.until_text(b"] ", "'] ' after the time")?;
    for (place, missing) in places[3..8].iter_mut().zip(NAMES) {
        *place = unless_dash(line, cursor.word(missing)?);
    }
    let request = cursor.quoted("a request in quotes after the key")?;
    [places[8], places[9], places[10]] = request_parts(line, request);
    for (place, missing) in places[11..17].iter_mut().zip(NUMBERS) {
        *place = unless_dash(line, cursor.word(missing)?);
    }
    places[17] = unless_empty(line, cursor.quoted("a referrer in quotes after the times")?);
    places[18] = unless_empty(line, cursor.quoted("an agent in quotes after the referrer")?);
    places[19] = unless_dash(line, cursor.last_word("a version after the agent")?);
    places[20] = unless_empty(line, cursor.take_rest());
    Ok(())
}
