namespace Stemsharp.Cli.Hosting;

/// <summary>The examples that <c>--help</c> shows. They stand in the documentation too, whose examples a test runs.</summary>
internal static class HelpExamples
{
    private static readonly Dictionary<string, string[]> s_examples = new()
    {
        ["stemsharp"] =
        [
            "stemsharp song.mp3",
            "stemsharp separate song.wav --model demo",
            "stemsharp models list",
        ],
        ["stemsharp separate"] =
        [
            "stemsharp separate song.mp3",
            "stemsharp separate album --model demo --resume",
            "stemsharp separate \"album/**/*.wav\" --model demo",
            "stemsharp separate song.wav --model demo --two-stems vocals",
            "stemsharp separate song.wav --chain chain.json",
            "stemsharp separate song.wav --model demo --flac --int24",
            "stemsharp separate --list tracks.txt --shard 0/8 --report report-{shard}.jsonl --model demo -o shares",
            "stemsharp separate song.wav --model demo --exact-sum",
            "stemsharp separate song.wav --model demo --filename \"{artist}/{title} ({stem}).{ext}\"",
            "stemsharp separate - --model demo -o - < song.mp3 > stems.tar",
        ],
        ["stemsharp plan"] =
        [
            "stemsharp plan album --model demo",
            "stemsharp plan song.wav --model demo --flac --json",
            "stemsharp plan --catalogue --songs 10000 --hours 600 --machine \"c7i.large,cores=2,price=0.09\" --model demo",
        ],
        ["stemsharp models list"] = ["stemsharp models list", "stemsharp models list karaoke"],
        ["stemsharp models chains"] = ["stemsharp models chains", "stemsharp models chains vocal_balanced"],
        ["stemsharp models download"] = ["stemsharp models download htdemucs_ft --quiet"],
        ["stemsharp models verify"] = ["stemsharp models verify", "stemsharp models verify demo"],
        ["stemsharp models inspect"] = ["stemsharp models inspect demo", "stemsharp models inspect 26c5300c --repo models"],
        ["stemsharp models remove"] = ["stemsharp models remove htdemucs_ft"],
        ["stemsharp models path"] = ["stemsharp models path", "stemsharp models path htdemucs_ft"],
        ["stemsharp models convert"] = ["stemsharp models convert demo -o demo.safetensors"],
        ["stemsharp verify"] = ["stemsharp verify demo"],
        ["stemsharp bench"] = ["stemsharp bench demo --segments 3", "stemsharp bench demo --segments 3 --profile --offline"],
        ["stemsharp bench pipeline"] = ["stemsharp bench pipeline --picture pipeline.svg", "stemsharp bench pipeline --seconds 60 --threads 1 --json"],
        ["stemsharp evaluate"] =
        [
            "stemsharp evaluate musdb18hq/test -n htdemucs --csv scores.csv --html report.html",
            "stemsharp evaluate musdb18hq/test --estimates saved",
        ],
        ["stemsharp compare"] = ["stemsharp compare demo models/26c5300c.th"],
        ["stemsharp doctor"] = ["stemsharp doctor"],
        ["stemsharp serve"] = ["stemsharp serve"],
        ["stemsharp submit"] =
        [
            "stemsharp submit album --queue nats://queue.example:4222 --model demo -o stems",
            "stemsharp submit --list tracks.jsonl --queue nats://queue.example:4222 --model demo -o stems --json",
        ],
        ["stemsharp work"] =
        [
            "stemsharp work --queue nats://queue.example:4222 --until-empty",
            "stemsharp work --queue nats://queue.example:4222 --until-empty --models demo,htdemucs --engine cpu --max-memory 4G --threads 2 --parallel-segments 1",
        ],
        ["stemsharp jobs list"] = ["stemsharp jobs list --queue nats://queue.example:4222", "stemsharp jobs list --queue nats://queue.example:4222 --state dead --json"],
        ["stemsharp jobs watch"] = ["stemsharp jobs watch --queue nats://queue.example:4222 --json"],
        ["stemsharp jobs fetch"] = ["stemsharp jobs fetch --all --queue nats://queue.example:4222 -o fetched --remove --json"],
        ["stemsharp jobs retry"] = ["stemsharp jobs retry --all --queue nats://queue.example:4222 --json"],
        ["stemsharp jobs cancel"] = ["stemsharp jobs cancel --all --queue nats://queue.example:4222 --json"],
        ["stemsharp export onnx"] = ["stemsharp export onnx demo -o graphs"],
        ["stemsharp export coreml"] = ["stemsharp export coreml demo -o demo.mlpackage"],
        ["stemsharp completion"] = ["stemsharp completion bash"],
        ["stemsharp inspect"] = ["stemsharp inspect graphs/demo.onnx", "stemsharp inspect demo.mlpackage"],
    };

    /// <summary>A command's examples; none for those that only hold others.</summary>
    /// <param name="path">The command with its parents, such as <c>stemsharp models list</c>.</param>
    internal static IReadOnlyList<string> Of(string path) => s_examples.GetValueOrDefault(path, []);
}
