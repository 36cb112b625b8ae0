using Stemsharp.Fleet.Nats;
using Stemsharp.Fleet.Protocol;
using Xunit;

namespace Stemsharp.Fleet.Tests;

/// <summary>Addresses of queues, models' words in subjects, and jobs' IDs.</summary>
public sealed class QueueAddressTests
{
    [Theory]
    [InlineData("nats://queue.example", "nats://queue.example", "stemsharp")]
    [InlineData("nats://queue.example:4222/", "nats://queue.example:4222", "stemsharp")]
    [InlineData("tls://a:1,b:2/night_shift-2", "tls://a:1,tls://b:2", "night_shift-2")]
    [InlineData("nats://[::1]:4222/x", "nats://[::1]:4222", "x")]
    public void An_address_names_servers_and_a_fleet(string text, string servers, string name) =>
        Assert.Equal(new QueueAddress(servers, name), QueueAddress.Parse(text));

    [Theory]
    [InlineData("queue.example:4222", "nats://")]
    [InlineData("http://queue.example", "nats://")]
    [InlineData("nats://user:secret@queue.example", "NATS_USER")]
    [InlineData("nats://", "names no server")]
    [InlineData("nats://queue.example/two words", "fleet's name")]
    [InlineData("nats://queue.example/a/b", "fleet's name")]
    public void What_is_no_address_is_refused_with_what_to_do(string text, string hint) =>
        Assert.Contains(hint, Assert.Throws<OptionException>(() => QueueAddress.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Models_with_any_name_have_words_of_their_own()
    {
        string[] models = ["demo", "htdemucs_ft", "/models/a b.th", "/models/a.b.th", "мodel", "", new string('x', 200), new string('x', 201)];
        string[] words = [.. models.Select(ModelKey.Of)];
        Assert.Equal(models.Length, words.Distinct().Count());
        Assert.Equal(["demo", "htdemucs_ft"], words[..2]);
        Assert.All(words, word => Assert.Matches("^[A-Za-z0-9_-]+$", word));
    }

    [Fact]
    public void A_jobs_ID_is_of_input_model_folder_and_settings()
    {
        FleetJob job = new("/in/a.wav", "demo", "", ["--flac", "--out=/out"]);
        Assert.Equal(job.Id, new FleetJob("/in/a.wav", "demo", "", ["--flac", "--out=/out"]).Id);
        Assert.Equal(32, job.Id.Length);
        FleetJob[] others = [job with { Input = "/in/b.wav" }, job with { Model = "other" }, job with { Folder = "disc" }, job with { Settings = ["--flac"] }, job with { Settings = ["--flac", "--out", "=/out"] }];
        Assert.All(others, other => Assert.NotEqual(job.Id, new FleetJob(other.Input, other.Model, other.Folder, other.Settings).Id));
    }
}
