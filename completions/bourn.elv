
use builtin;
use str;

set edit:completion:arg-completer[bourn] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'bourn'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'bourn'= {
            cand --annotate 'Annotate failures in the CI system''s UI (github).'
            cand --batch 'How often intermediate results are refreshed.'
            cand --checkpoint 'Keep the state in DIR; the next run goes on where this one ended.'
            cand --checkpoint-every 'How often the whole state is written to DIR (default 10s).'
            cand --chunk 'The number of bytes in a chunk of input (default 256KiB).'
            cand --color 'Bold headers and dim nulls in tables: auto, always or never.'
            cand --every 'Also print intermediate results every DURATION.'
            cand -x 'Read the expression from FILE; every argument is a source.'
            cand --expression-file 'Read the expression from FILE; every argument is a source.'
            cand --fill-limit 'Leave out gaps that --fill would need more than N rows for.'
            cand --for 'End the input after DURATION, and print the results.'
            cand --forget 'Forget keys that have had no records for DURATION.'
            cand --formats-file 'Read your own formats for `parse` from FILE.'
            cand --idle 'How long a live source may be silent (default 10s).'
            cand --journal 'Keep input that cannot be read again in the checkpoint (default on).'
            cand --late 'Write late lines to FILE, in stream order.'
            cand --max-jump 'How far ahead of the clock a time may be and still end windows.'
            cand --max-line 'Reject records longer than SIZE (default 16MiB).'
            cand --max-rejects 'Fail with status 4 on more rejects than a number, or P% of all.'
            cand --memory 'Memory for groups and held records (default half of what is free).'
            cand -o 'The output format: `--help formats` lists them.'
            cand --output 'The output format: `--help formats` lists them.'
            cand --records 'How records are delimited: 0, json, cri, octet-counted or /regex/.'
            cand --rejects 'Write rejected lines to FILE, in stream order.'
            cand --report 'Write the results of the checks to FILE, as JUnit XML.'
            cand --retry 'Try a failed delivery to a target again, up to N times (default 10).'
            cand --seed 'Seed for `sample` (default 0).'
            cand --separator 'The separator of the columns of -o csv (default a comma).'
            cand --tail 'Start at the last N records of each file.'
            cand --temp 'Directory for temporary files (default $TMPDIR or /tmp).'
            cand -j 'The number of worker threads (default: one per core).'
            cand --threads 'The number of worker threads (default: one per core).'
            cand --to 'Deliver results to TARGET: a file, a database, a command, a service.'
            cand --tz 'The zone of times without one, of windows and of printed times.'
            cand --with 'Name another source, for `union NAME` or `join NAME`.'
            cand --year 'Set the year of the first time that has none, as in syslog.'
            cand -h 'Summarize the language, or explain NAME.'
            cand --help 'Summarize the language, or explain NAME.'
            cand --changed 'In intermediate results, print only rows that changed.'
            cand --check 'Check the expression and the options without reading any input.'
            cand --checkpoint-reset 'Begin with an empty state; keep the old one in DIR.old.'
            cand --exact 'Compute percentiles, distinct counts and histograms exactly.'
            cand --explain 'Print how the expression would be run, without reading any input.'
            cand --fill 'Print windows and keys without records, too.'
            cand --finish 'End the stream of --checkpoint: every open window becomes final.'
            cand --follow 'Keep reading files as they grow; reconnect when a connection ends.'
            cand --formats 'List the formats that `parse` knows, with their fields.'
            cand --live 'Draw the table on the terminal while results go to a pipe or file.'
            cand --merge 'Merge the files of --partial into one result.'
            cand --partial 'Write the state for --merge instead of the result.'
            cand --quiet 'Print only expression and option errors on stderr.'
            cand --stamp 'Add a column as_of: the time of an intermediate result.'
            cand --stats 'Report at the end on stderr how many records passed, and how fast.'
            cand --strict 'Fail with status 4 on rejects, late records, failed conversions.'
            cand --strip-ansi 'Drop terminal escapes, such as colors, from all records.'
            cand -V 'Print the version.'
            cand --version 'Print the version.'
            cand --header 'Print a header line in any format.'
            cand --no-header 'Print no header line.'
        }
    ]
    $completions[$command]
}
