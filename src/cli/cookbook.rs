//! EXAMPLES and COOKBOOK: two pages of examples, small ones and ones about real logs.

use crate::data::{Entry, Example};

/// Small examples, each with its input.
pub(super) const EXAMPLES: Entry = Entry {
    name: "examples",
    usage: "",
    summary: "Everyday questions and how to ask them.",
    details: "",
    examples: &[
        Example {
            expr: "let line = lower(line) | split /[^a-z]+/ | count by word | limit 2 # how often each word occurs, ignoring case",
            input: "The sun. The moon, the stars: a sun.\n",
            output: "the\t3\nsun\t2\n",
        },
        Example {
            expr: "match /error/i | skip 'disk' # which errors are not about disks",
            input: "ERROR disk full\nerror: no route\nok\n",
            output: "error: no route\n",
        },
        Example {
            expr: "-o csv 'count, sum(line), avg(line) as mean, min(line), max(line) # how large the values of a column are'",
            input: "3\n10\n5\n",
            output: "count,sum_line,mean,min_line,max_line\n3,18,6,3,10\n",
        },
        Example {
            expr: "-o json 'count(len(line) > 4) as long by substr(line, 0, 1) as initial # how many lines are long, by first letter'",
            input: "abcdef\nabc\nbcdefg\naxxxxx\n",
            output: "{\"initial\":\"a\",\"long\":2}\n{\"initial\":\"b\",\"long\":1}\n",
        },
        Example {
            expr: "let size = len(line) | sort size | limit 1 | select @number as n, line # the shortest line, and the number of its line",
            input: "bbb\na\ncc\n",
            output: "2\ta\n",
        },
        Example {
            expr: "split ',' as id | count by id | where count == 1 | select id # which values occur only once",
            input: "a,b\nb,c\n",
            output: "a\nc\n",
        },
    ],
};

/// Larger examples, with the logs in tests/data.
pub(super) const COOKBOOK: Entry = Entry {
    name: "cookbook",
    usage: "",
    summary: "Monitoring questions, answered from real logs.",
    details: "\
access.log is an excerpt of a web server's log in the combined format; auth.log is the auth log of a host under \
password guessing. With `--follow` the same expressions watch a growing log.",
    examples: &[
        Example {
            expr: "--header 'parse combined | top 3 url_path(path) as page # top pages' access.log",
            input: "",
            output: "page\tcount\n/blog/tags/puppet\t15\n/favicon.ico\t15\n/reset.css\t11\n",
        },
        Example {
            expr: "-o tsv 'parse combined | lookup \"countries.csv\" on subnet(ip, 16) = network left | count by country ?? \"elsewhere\" as country # visits by country' access.log",
            input: "",
            output: "elsewhere\t162\nUnited States\t18\nFrance\t13\nSweden\t7\n",
        },
        Example {
            expr: "-o tsv 'parse combined | sort time | running avg(bytes) over 20 rows as mean | select time, round(mean) as mean | tail 2 # the rolling average of 20 requests' access.log",
            input: "",
            output: "2015-05-20T20:05:54Z\t49319\n2015-05-20T21:05:50Z\t47604\n",
        },
        Example {
            expr: "-o tsv 'parse combined | sort time | running ewma(bytes, 0.3) as e | where bytes > 3 * e | select time, ip, bytes # an alert: far above the moving average' access.log",
            input: "",
            output: "2015-05-18T01:05:16Z\t86.76.247.183\t1045663\n2015-05-18T15:05:06Z\t210.13.83.18\t663847\n2015-05-18T17:05:45Z\t94.23.164.135\t54306753\n2015-05-19T08:05:34Z\t93.17.51.134\t1168622\n",
        },
        Example {
            expr: "--year 2015 'match \" port \" | parse syslog | parse \"from {ip} port {port:int}\" from message | let s = seconds(time) | linreg(port, s) as fit by ip | where fit_n > 9 | select ip, fit_n, round(fit_slope, 3) as slope # a straight-line fit for each address' auth.log",
            input: "",
            output: "85.245.107.41\t35\t0.029\n24.151.103.17\t44\t0.053\n",
        },
        Example {
            expr: "--year 2015 'match \" port \" | parse syslog | parse \"from {ip} port {port:int}\" from message | let s = seconds(time) | running linreg(port, s) as fit by ip | where fit_n > 9 and abs(port - fit_intercept - fit_slope * s) > 10000 | select time, ip, port # records that are far from the line so far' auth.log",
            input: "",
            output: "2015-03-31T11:33:52Z\t85.245.107.41\t49322\n",
        },
        Example {
            expr: "-o tsv 'parse combined | count, count(status >= 400) as errors | window 1d on time late 1h | assert errors / count < 0.1 # the error rate' access.log",
            input: "",
            output: "2015-05-17T00:00:00Z\t2015-05-18T00:00:00Z\t33\t0\n2015-05-18T00:00:00Z\t2015-05-19T00:00:00Z\t58\t0\n2015-05-19T00:00:00Z\t2015-05-20T00:00:00Z\t58\t4\n2015-05-20T00:00:00Z\t2015-05-21T00:00:00Z\t51\t0\n",
        },
        Example {
            expr: "--year 2015 'parse syslog | match \"Failed password\" in message | parse \"from {ip} port\" from message | count by ip | window 15s/1s on time | where count >= 5 | select window_end, ip, count # five failures of an address within 15 seconds' auth.log",
            input: "",
            output: "2015-04-01T18:22:29Z\t181.26.186.35\t5\n2015-04-01T18:22:30Z\t181.26.186.35\t5\n2015-04-01T18:22:31Z\t181.26.186.35\t5\n2015-04-01T18:22:32Z\t181.26.186.35\t5\n2015-04-01T18:22:33Z\t181.26.186.35\t5\n2015-04-01T18:22:34Z\t181.26.186.35\t5\n",
        },
        Example {
            expr: "-o csv --year 2015 'parse syslog | where time < \"2015-04-01\" | count as before by pattern(split_part(message, \" from \", 1)) as text | limit 2 # patterns of a log; saved as known.csv without the limit' auth.log",
            input: "",
            output: "text,before\nAccepted password for elastic_user_<num>,40\nFailed password for elastic_user_<num>,33\n",
        },
        Example {
            expr: "--year 2015 'parse syslog | where time >= \"2015-04-01\" | count by pattern(split_part(message, \" from \", 1)) as text | lookup \"known.csv\" on text left | where before == null | select count, text # patterns that are new' auth.log",
            input: "",
            output: "4\tFailed password for invalid user test\n2\tFailed password for invalid user johnny\n2\tFailed password for invalid user monitor\n1\tFailed password for invalid user default\n1\tInvalid user default\n1\tmessage repeated <num> times: [ Failed password for root\n",
        },
    ],
};
