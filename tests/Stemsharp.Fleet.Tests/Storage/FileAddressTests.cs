using Stemsharp.Fleet.Protocol;
using Stemsharp.Fleet.Storage;
using Xunit;

namespace Stemsharp.Fleet.Tests.Storage;

public sealed class FileAddressTests
{
    private const string Signed = "https://b.example/album/my%20song.wav?X-Amz-Expires=60&X-Amz-Signature=abc";

    [Theory]
    [InlineData("song.wav", null)]
    [InlineData("/songs/a.wav", null)]
    [InlineData(@"C:\songs\a.wav", null)]
    [InlineData("a folder/with s3://in it", null)]
    [InlineData("s3://bucket/key", "s3")]
    [InlineData("HTTPS://host/a", "https")]
    [InlineData("nats-obj://b/n", "nats-obj")]
    public void What_has_a_scheme_is_an_address(string text, string? scheme) => Assert.Equal(scheme, FileAddress.SchemeOf(text));

    [Theory]
    [InlineData(Signed, "https://b.example/album/my%20song.wav?…")]
    [InlineData($"GET {Signed} gave 403, as did '{Signed}'.", "GET https://b.example/album/my%20song.wav?… gave 403, as did 'https://b.example/album/my%20song.wav?…'.")]
    [InlineData("Is that so? s3://bucket/key?", "Is that so? s3://bucket/key?")]
    [InlineData("https://host/a.wav", "https://host/a.wav")]
    public void Secrets_of_addresses_do_not_come_out(string text, string shown) => Assert.Equal(shown, FileAddress.Redacted(text));

    [Fact]
    public void A_job_is_the_same_however_often_its_address_is_signed()
    {
        FleetJob Job(string input) => new(input, "demo", "", ["--out=/stems"]);
        string[] same =
        [
            Signed, "https://b.example/album/my%20song.wav?X-Amz-Expires=60&X-Amz-Signature=def", "https://b.example/album/my%20song.wav",
            "https://b.example/album/my%20song.wav?sv=1&se=2&sig=3", "https://b.example/album/my%20song.wav?Expires=1&Signature=2&Key-Pair-Id=3",
        ];
        Assert.Single(same.Select(a => Job(a).Id).Distinct());
        Assert.NotEqual(Job("https://b.example/get?id=1").Id, Job("https://b.example/get?id=2").Id);
        Assert.Equal(Job("https://b.example/get?id=1").Id, Job("https://b.example/get?id=1&X-Goog-Signature=9").Id);
        Assert.DoesNotContain("abc", Job(Signed).Shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Signed, "album", "my song.wav")]
    [InlineData("s3://bucket/song.wav", "", "song.wav")]
    [InlineData("s3://bucket/a/b/so?ng.wav", "b", "so_ng.wav")]
    [InlineData("https://host/", "", "")]
    [InlineData("https://host/song%2F..%2F.mp3", "..", ".mp3")]
    [InlineData("nats-obj://b/songs/0a/my=20song.wav", "0a", "my song.wav")]
    public void A_file_is_called_here_what_it_is_called_there(string address, string folder, string name) =>
        Assert.Equal((folder == ".." ? "" : folder, name), FileAddress.NameOf(address));

    [Theory]
    [InlineData("ftp://host/song.wav", "ftp:// is none")]
    [InlineData("https://", "names no file")]
    [InlineData("https://host/", "names no file")]
    [InlineData("https://me:secret@host/song.wav", "password")]
    [InlineData("s3://bucket", "names no file")]
    [InlineData("nats-obj://bucket/my song", "=XX")]
    public void What_is_no_address_of_a_song_is_refused(string address, string hint)
    {
        OptionException refused = Assert.Throws<OptionException>(() => FileAddress.CheckInput(address));
        Assert.Contains(hint, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b-c_d.wav", "a/b-c_d.wav")]
    [InlineData("é und = 100%.wav", "=C3=A9=20und=20=3D=20100=25.wav")]
    public void Objects_are_called_by_what_stores_take(string name, string written)
    {
        Assert.Equal(written, ObjectName.Of(name));
        Assert.Equal(name, ObjectName.Read(written));
        Assert.True(ObjectName.IsOne(written));
    }
}
