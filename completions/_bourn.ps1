
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'bourn' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'bourn'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'bourn' {
            [CompletionResult]::new('--annotate', '--annotate', [CompletionResultType]::ParameterName, 'Annotate failures in the CI system''s UI (github).')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'How often intermediate results are refreshed.')
            [CompletionResult]::new('--checkpoint', '--checkpoint', [CompletionResultType]::ParameterName, 'Keep the state in DIR; the next run goes on where this one ended.')
            [CompletionResult]::new('--checkpoint-every', '--checkpoint-every', [CompletionResultType]::ParameterName, 'How often the whole state is written to DIR (default 10s).')
            [CompletionResult]::new('--chunk', '--chunk', [CompletionResultType]::ParameterName, 'The number of bytes in a chunk of input (default 256KiB).')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Bold headers and dim nulls in tables: auto, always or never.')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Also print intermediate results every DURATION.')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Read the expression from FILE; every argument is a source.')
            [CompletionResult]::new('--expression-file', '--expression-file', [CompletionResultType]::ParameterName, 'Read the expression from FILE; every argument is a source.')
            [CompletionResult]::new('--fill-limit', '--fill-limit', [CompletionResultType]::ParameterName, 'Leave out gaps that --fill would need more than N rows for.')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'End the input after DURATION, and print the results.')
            [CompletionResult]::new('--forget', '--forget', [CompletionResultType]::ParameterName, 'Forget keys that have had no records for DURATION.')
            [CompletionResult]::new('--formats-file', '--formats-file', [CompletionResultType]::ParameterName, 'Read your own formats for `parse` from FILE.')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'How long a live source may be silent (default 10s).')
            [CompletionResult]::new('--journal', '--journal', [CompletionResultType]::ParameterName, 'Keep input that cannot be read again in the checkpoint (default on).')
            [CompletionResult]::new('--late', '--late', [CompletionResultType]::ParameterName, 'Write late lines to FILE, in stream order.')
            [CompletionResult]::new('--max-jump', '--max-jump', [CompletionResultType]::ParameterName, 'How far ahead of the clock a time may be and still end windows.')
            [CompletionResult]::new('--max-line', '--max-line', [CompletionResultType]::ParameterName, 'Reject records longer than SIZE (default 16MiB).')
            [CompletionResult]::new('--max-rejects', '--max-rejects', [CompletionResultType]::ParameterName, 'Fail with status 4 on more rejects than a number, or P% of all.')
            [CompletionResult]::new('--memory', '--memory', [CompletionResultType]::ParameterName, 'Memory for groups and held records (default half of what is free).')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'The output format: `--help formats` lists them.')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'The output format: `--help formats` lists them.')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'How records are delimited: 0, json, cri, octet-counted or /regex/.')
            [CompletionResult]::new('--rejects', '--rejects', [CompletionResultType]::ParameterName, 'Write rejected lines to FILE, in stream order.')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write the results of the checks to FILE, as JUnit XML.')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try a failed delivery to a target again, up to N times (default 10).')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed for `sample` (default 0).')
            [CompletionResult]::new('--separator', '--separator', [CompletionResultType]::ParameterName, 'The separator of the columns of -o csv (default a comma).')
            [CompletionResult]::new('--tail', '--tail', [CompletionResultType]::ParameterName, 'Start at the last N records of each file.')
            [CompletionResult]::new('--temp', '--temp', [CompletionResultType]::ParameterName, 'Directory for temporary files (default $TMPDIR or /tmp).')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'The number of worker threads (default: one per core).')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'The number of worker threads (default: one per core).')
            [CompletionResult]::new('--to', '--to', [CompletionResultType]::ParameterName, 'Deliver results to TARGET: a file, a database, a command, a service.')
            [CompletionResult]::new('--tz', '--tz', [CompletionResultType]::ParameterName, 'The zone of times without one, of windows and of printed times.')
            [CompletionResult]::new('--with', '--with', [CompletionResultType]::ParameterName, 'Name another source, for `union NAME` or `join NAME`.')
            [CompletionResult]::new('--year', '--year', [CompletionResultType]::ParameterName, 'Set the year of the first time that has none, as in syslog.')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Summarize the language, or explain NAME.')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Summarize the language, or explain NAME.')
            [CompletionResult]::new('--changed', '--changed', [CompletionResultType]::ParameterName, 'In intermediate results, print only rows that changed.')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Check the expression and the options without reading any input.')
            [CompletionResult]::new('--checkpoint-reset', '--checkpoint-reset', [CompletionResultType]::ParameterName, 'Begin with an empty state; keep the old one in DIR.old.')
            [CompletionResult]::new('--exact', '--exact', [CompletionResultType]::ParameterName, 'Compute percentiles, distinct counts and histograms exactly.')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print how the expression would be run, without reading any input.')
            [CompletionResult]::new('--fill', '--fill', [CompletionResultType]::ParameterName, 'Print windows and keys without records, too.')
            [CompletionResult]::new('--finish', '--finish', [CompletionResultType]::ParameterName, 'End the stream of --checkpoint: every open window becomes final.')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Keep reading files as they grow; reconnect when a connection ends.')
            [CompletionResult]::new('--formats', '--formats', [CompletionResultType]::ParameterName, 'List the formats that `parse` knows, with their fields.')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Draw the table on the terminal while results go to a pipe or file.')
            [CompletionResult]::new('--merge', '--merge', [CompletionResultType]::ParameterName, 'Merge the files of --partial into one result.')
            [CompletionResult]::new('--partial', '--partial', [CompletionResultType]::ParameterName, 'Write the state for --merge instead of the result.')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only expression and option errors on stderr.')
            [CompletionResult]::new('--stamp', '--stamp', [CompletionResultType]::ParameterName, 'Add a column as_of: the time of an intermediate result.')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Report at the end on stderr how many records passed, and how fast.')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail with status 4 on rejects, late records, failed conversions.')
            [CompletionResult]::new('--strip-ansi', '--strip-ansi', [CompletionResultType]::ParameterName, 'Drop terminal escapes, such as colors, from all records.')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version.')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version.')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Print a header line in any format.')
            [CompletionResult]::new('--no-header', '--no-header', [CompletionResultType]::ParameterName, 'Print no header line.')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
