
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
            cand --annotate 'Mark what fails where the run''s host shows it: github.'
            cand --batch 'How often the threads'' partial results are merged.'
            cand --chunk 'How many bytes a thread is handed at once.'
            cand --color 'Bold headers and dim nulls in tables: auto, always or never.'
            cand --every 'Print results that are not final as well, each DURATION.'
            cand -x 'Read the expression from a file: every argument is a source.'
            cand --expression-file 'Read the expression from a file: every argument is a source.'
            cand --fill-limit 'Leave out gaps that --fill would print more than N rows for.'
            cand --for 'End the input after this time, and print what there is.'
            cand --forget 'Forget keys that have been silent for longer.'
            cand --formats-file 'Read your own formats for `parse` from FILE.'
            cand --idle 'How long a live source may be silent; 10s without it.'
            cand --late 'Keep late lines in a file, in the order of the stream.'
            cand --max-jump 'How far ahead of the clock a time may be and still end windows.'
            cand --max-line 'Reject records that are longer; 16MiB without it.'
            cand --max-rejects 'Fail with status 4 if more are rejected: a number, or P% of all.'
            cand -o 'How results are printed: `--help formats` lists the formats.'
            cand --output 'How results are printed: `--help formats` lists the formats.'
            cand --records 'What a record is: 0 (NUL), json, cri, octet-counted or a /regex/.'
            cand --rejects 'Keep rejected lines in a file, in the order of the stream.'
            cand --report 'Write what became of the checks, as JUnit XML, for a build server.'
            cand --seed 'Another number, another sample: `sample` takes other records.'
            cand --tail 'Start at the last N records of each file.'
            cand -j 'How many worker threads; without it, one for each core.'
            cand --threads 'How many worker threads; without it, one for each core.'
            cand --tz 'The zone of times without one, of windows and of what is printed.'
            cand --with 'Another source that the expression knows: union NAME, join NAME.'
            cand --year 'Set the year of the first time that has none, as in syslog.'
            cand -h 'Show the language on one screen, or all about NAME.'
            cand --help 'Show the language on one screen, or all about NAME.'
            cand --changed 'Of results not final yet, print only rows that have changed.'
            cand --check 'Only check the expression and the options: nothing is read.'
            cand --exact 'Percentiles, distinct counts and histograms use no sketches.'
            cand --explain 'Print how the expression would be run: nothing is read.'
            cand --fill 'Print windows without records as well.'
            cand --follow 'Read files on as they grow; connections are made again.'
            cand --formats 'List the formats that `parse` knows, with their fields.'
            cand --live 'Draw the table on the terminal while results go to a pipe or file.'
            cand --quiet 'Say nothing on stderr but mistakes in expression and options.'
            cand --stats 'Say on stderr at the end where all records went, and how fast.'
            cand --strict 'Fail with status 4 for rejects, late records, failed conversions.'
            cand -V 'Print the version.'
            cand --version 'Print the version.'
            cand --header 'Print the names of the columns first, whatever the format''s habit.'
            cand --no-header 'Leave out the names of the columns.'
        }
    ]
    $completions[$command]
}
