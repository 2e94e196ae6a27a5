
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
            [CompletionResult]::new('--annotate', '--annotate', [CompletionResultType]::ParameterName, 'Mark what fails where the run''s host shows it: github.')
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'How often the threads'' partial results are merged.')
            [CompletionResult]::new('--chunk', '--chunk', [CompletionResultType]::ParameterName, 'How many bytes a thread is handed at once.')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'Bold headers and dim nulls in tables: auto, always or never.')
            [CompletionResult]::new('--every', '--every', [CompletionResultType]::ParameterName, 'Print results that are not final as well, each DURATION.')
            [CompletionResult]::new('-x', '-x', [CompletionResultType]::ParameterName, 'Read the expression from a file: every argument is a source.')
            [CompletionResult]::new('--expression-file', '--expression-file', [CompletionResultType]::ParameterName, 'Read the expression from a file: every argument is a source.')
            [CompletionResult]::new('--fill-limit', '--fill-limit', [CompletionResultType]::ParameterName, 'Leave out gaps that --fill would print more than N rows for.')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'End the input after this time, and print what there is.')
            [CompletionResult]::new('--forget', '--forget', [CompletionResultType]::ParameterName, 'Forget keys that have been silent for longer.')
            [CompletionResult]::new('--formats-file', '--formats-file', [CompletionResultType]::ParameterName, 'Read your own formats for `parse` from FILE.')
            [CompletionResult]::new('--idle', '--idle', [CompletionResultType]::ParameterName, 'How long a live source may be silent; 10s without it.')
            [CompletionResult]::new('--late', '--late', [CompletionResultType]::ParameterName, 'Keep late lines in a file, in the order of the stream.')
            [CompletionResult]::new('--max-jump', '--max-jump', [CompletionResultType]::ParameterName, 'How far ahead of the clock a time may be and still end windows.')
            [CompletionResult]::new('--max-line', '--max-line', [CompletionResultType]::ParameterName, 'Reject records that are longer; 16MiB without it.')
            [CompletionResult]::new('--max-rejects', '--max-rejects', [CompletionResultType]::ParameterName, 'Fail with status 4 if more are rejected: a number, or P% of all.')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'How results are printed: `--help formats` lists the formats.')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'How results are printed: `--help formats` lists the formats.')
            [CompletionResult]::new('--records', '--records', [CompletionResultType]::ParameterName, 'What a record is: 0 (NUL), json, cri, octet-counted or a /regex/.')
            [CompletionResult]::new('--rejects', '--rejects', [CompletionResultType]::ParameterName, 'Keep rejected lines in a file, in the order of the stream.')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write what became of the checks, as JUnit XML, for a build server.')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Another number, another sample: `sample` takes other records.')
            [CompletionResult]::new('--tail', '--tail', [CompletionResultType]::ParameterName, 'Start at the last N records of each file.')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'How many worker threads; without it, one for each core.')
            [CompletionResult]::new('--threads', '--threads', [CompletionResultType]::ParameterName, 'How many worker threads; without it, one for each core.')
            [CompletionResult]::new('--tz', '--tz', [CompletionResultType]::ParameterName, 'The zone of times without one, of windows and of what is printed.')
            [CompletionResult]::new('--with', '--with', [CompletionResultType]::ParameterName, 'Another source that the expression knows: union NAME, join NAME.')
            [CompletionResult]::new('--year', '--year', [CompletionResultType]::ParameterName, 'Set the year of the first time that has none, as in syslog.')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Show the language on one screen, or all about NAME.')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Show the language on one screen, or all about NAME.')
            [CompletionResult]::new('--changed', '--changed', [CompletionResultType]::ParameterName, 'Of results not final yet, print only rows that have changed.')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Only check the expression and the options: nothing is read.')
            [CompletionResult]::new('--exact', '--exact', [CompletionResultType]::ParameterName, 'Percentiles, distinct counts and histograms use no sketches.')
            [CompletionResult]::new('--explain', '--explain', [CompletionResultType]::ParameterName, 'Print how the expression would be run: nothing is read.')
            [CompletionResult]::new('--fill', '--fill', [CompletionResultType]::ParameterName, 'Print windows without records as well.')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Read files on as they grow; connections are made again.')
            [CompletionResult]::new('--formats', '--formats', [CompletionResultType]::ParameterName, 'List the formats that `parse` knows, with their fields.')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Draw the table on the terminal while results go to a pipe or file.')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Say nothing on stderr but mistakes in expression and options.')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Say on stderr at the end where all records went, and how fast.')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Fail with status 4 for rejects, late records, failed conversions.')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print the version.')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print the version.')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'Print the names of the columns first, whatever the format''s habit.')
            [CompletionResult]::new('--no-header', '--no-header', [CompletionResultType]::ParameterName, 'Leave out the names of the columns.')
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
