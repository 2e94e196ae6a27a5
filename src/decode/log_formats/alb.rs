//! `alb`: the access log of AWS Application Load Balancers.

use super::walk::{Cursor, Missing, WalkDecoder, address_and_port, request_parts, unless_dash, unless_empty};
use super::{LogFormatDef, Sample, field, int, text};
use crate::data::{Entry, Example, TextSpan};
use crate::decode::typed::FieldType;

pub(super) const ALB: LogFormatDef = LogFormatDef {
    entry: Entry {
        name: "alb",
        usage: "parse alb",
        summary: "Access log of an AWS Application Load Balancer.",
        details: "\
Fields: type time:time elb client_ip client_port:int target_ip target_port:int request_processing_time:float \
target_processing_time:float response_processing_time:float elb_status_code:int target_status_code:int \
received_bytes:int sent_bytes:int method url protocol agent rest.\n\nThe three times are in seconds, -1 where the \
target was not reached. A `-` is null. A request that is not `METHOD url PROTOCOL` is whole in url, and null if it has \
only `-`. Everything after the agent, from the cipher of TLS on, is in `rest`.",
        examples: &[Example {
            expr: "parse alb | select elb_status_code, method, url, agent",
            input: "http 2018-07-02T22:23:00.186641Z app/a/50 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 \"GET http://www.example.com:80/ HTTP/1.1\" \"curl/7.46.0\" - - arn \"Root=1\" \"-\" \"-\" 0\n",
            output: "200\tGET\thttp://www.example.com:80/\tcurl/7.46.0\n",
        }],
    },
    fields: &[
        text("type"),
        field("time", FieldType::Time),
        text("elb"),
        text("client_ip"),
        int("client_port"),
        text("target_ip"),
        int("target_port"),
        field("request_processing_time", FieldType::Float),
        field("target_processing_time", FieldType::Float),
        field("response_processing_time", FieldType::Float),
        int("elb_status_code"),
        int("target_status_code"),
        int("received_bytes"),
        int("sent_bytes"),
        text("method"),
        text("url"),
        text("protocol"),
        text("agent"),
        text("rest"),
    ],
    sample: Sample {
        line: "https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 \
               0.086 0.048 0.037 200 200 0 57 \"GET https://www.example.com:443/ HTTP/1.1\" \"curl/7.46.0\" \
               ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2",
        fields: "type=https time=2018-07-02T22:23:00.186641Z elb=app/my-loadbalancer/50dc6c495c0c9188 \
                 client_ip=192.168.131.39 client_port=2817 target_ip=10.0.0.1 target_port=80 \
                 request_processing_time=0.086 target_processing_time=0.048 response_processing_time=0.037 \
                 elb_status_code=200 target_status_code=200 received_bytes=0 sent_bytes=57 method=GET \
                 url=https://www.example.com:443/ protocol=HTTP/1.1 agent=curl/7.46.0 \
                 rest=ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2",
    },
    make: |format, wanted| WalkDecoder::boxed(format, wanted, walk),
    under_header: None,
};

const NUMBERS: [&str; 7] = [
    "a request processing time after the target",
    "a target processing time after the request's",
    "a response processing time after the target's",
    "a status after the processing times",
    "a status of the target after the status",
    "received bytes after the statuses",
    "sent bytes after the received bytes",
];

fn walk(line: &[u8], places: &mut [TextSpan]) -> Result<(), Missing> {
    let mut cursor = Cursor::new(line);
    places[0] = cursor.word("a type, such as https, at the start")?;
    places[1] = unless_dash(line, cursor.word("a time after the type")?);
    places[2] = unless_dash(line, cursor.word("a load balancer after the time")?);
    let client = cursor.word("a client after the load balancer")?;
    (places[3], places[4]) = address_and_port(line, client);
    let target = cursor.word("a target after the client")?;
    (places[5], places[6]) = address_and_port(line, target);
    for (place, missing) in places[7..14].iter_mut().zip(NUMBERS) {
        *place = unless_dash(line, cursor.word(missing)?);
    }
    if cursor.rest().first() != Some(&b'"') {
        return Err(Missing("'\"' and a request after the bytes"));
    }
    let request = cursor.quoted("a request in quotes after the bytes")?;
    let is_none = cursor.slice(request).iter().all(|byte| b"- ".contains(byte));
    if !is_none {
        [places[14], places[15], places[16]] = request_parts(line, request);
    }
    if cursor.rest().first() != Some(&b'"') {
        return Err(Missing("'\"' and an agent after the request"));
    }
    let agent = cursor.quoted("an agent in quotes after the request")?;
    places[17] = unless_empty(line, agent);
    places[18] = unless_empty(line, cursor.take_rest());
    Ok(())
}
