// Package folder keeps records in a folder of files: a part for each slice,
// PATH/{stream}/{slice}.jsonl and so on, and PATH/manifest.json, which lists the
// parts and holds the checkpoints. [Open] gives a [Destination], which fulfils
// stagedoor.Destination; how a row is laid out it is told by a [Format].
// [OpenFile] gives the other form: one file of one stream, made anew by each run.
//
// What the manifest lists is exact at every moment: each key of a stream lies in
// one part. A slice's rows wait, sorted, in some MB of memory and then in
// temporary files (sorter). Its commit joins them with the parts that hold rows
// of the same keys, or of the same days: what lies in the slice goes into one
// new part, what is left of the others is written anew (work). All that is
// written under names that nothing has yet, brought onto the disk, and seen when
// the manifest's new version is renamed into its place; what that does not list
// any more is then removed. A part that replaces another has a number in its
// name ("2026-11-01..2026-11-30.2.jsonl"), so that a reader who has read a former
// manifest never reads other rows than that told of.
//
// PATH/.stagedoor holds what is no row: the lock of commits, which lets runs of
// several processes write into one folder, each slice by itself; the journal, in
// which the latest commits stand where the manifest is large; the list of what
// is to be swept away after a kill; and a folder for each run's temporary files.
//
// It encrypts nothing: folders have mode 0700 and files 0600, since rows are
// personal data, and they lie where the user put them. It removes no file that
// it did not make.
package folder
