using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Files;
using Xunit;

namespace Stemsharp.Tests.Separation;

public class FileNamePatternTests
{
    private static Dictionary<string, string?> Values(string track = "song", string stem = "vocals") => new()
    {
        ["track"] = track,
        ["trackext"] = "mp3",
        ["stem"] = stem,
        ["ext"] = "wav",
        ["model"] = "htdemucs",
        ["artist"] = "A/B",
        ["title"] = "What? <Now>",
    };

    [Theory]
    [InlineData("{track}/{stem}.{ext}", "song/vocals.wav")]
    [InlineData("{stem}.{ext}", "vocals.wav")]
    [InlineData("{track}-{trackext}_{stem}.{ext}", "song-mp3_vocals.wav")]
    [InlineData("./a//{stem}.{ext}", "a/vocals.wav")]
    [InlineData("{{{stem}}}.{ext}", "{vocals}.wav")]
    [InlineData("{artist}/{title} ({stem}).{ext}", "A_B/What_ _Now_ (vocals).wav")]
    [InlineData("{album}/{stem}.{ext}", "unknown/vocals.wav")]
    [InlineData("aux/{stem}.{ext}", "aux_/vocals.wav")]
    [InlineData("COM1.{stem}.{ext}", "COM1_.vocals.wav")]
    [InlineData("trailing. /{stem}.{ext}", "trailing__/vocals.wav")]
    [InlineData(".stemsharp/{stem}.{ext}", "_.stemsharp/vocals.wav")]
    public void Renders(string pattern, string expected) =>
        Assert.Equal(expected.Replace('/', Path.DirectorySeparatorChar), FileNamePattern.Parse(pattern).Render(Values()));

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("/abs/{stem}")]
    [InlineData("\\abs\\{stem}")]
    [InlineData("C:\\{stem}")]
    [InlineData("../{stem}.{ext}")]
    [InlineData("{track}/../../{stem}.{ext}")]
    [InlineData("{stem}/")]
    [InlineData("{stm}.{ext}")]
    [InlineData("{stem:>10}.{ext}")]
    [InlineData("{stem")]
    [InlineData("stem}")]
    [InlineData("a\0b")]
    [InlineData(".")]
    public void RefusesWithOneClearError(string pattern)
    {
        OptionException error = Assert.Throws<OptionException>(() => FileNamePattern.Parse(pattern));
        Assert.StartsWith("The file name", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("..")]
    [InlineData("../../etc/passwd")]
    [InlineData("..\\..\\Windows")]
    [InlineData("/etc/passwd")]
    [InlineData("C:\\Windows")]
    [InlineData("NUL")]
    [InlineData("com7.txt")]
    [InlineData("a\0b")]
    [InlineData("   ")]
    [InlineData("...")]
    [InlineData("\u202Egnp.exe")]
    [InlineData("\uD800")]
    public void ValuesStayInTheFolder(string value)
    {
        string root = Path.Combine(Path.GetTempPath(), "out");
        foreach (string pattern in new[] { "{artist}/{stem}.{ext}", "{track}", "{artist}", "x/{title}/{track}-{stem}.{ext}" })
        {
            Dictionary<string, string?> values = Values(track: value);
            values["artist"] = value;
            values["title"] = value;
            string path = FileNamePattern.Parse(pattern).Render(root, values);
            AssertSafe(root, path);
        }
    }

    [Fact]
    public void AnyPatternAndAnyTagsStayInTheFolder()
    {
        string root = Path.Combine(Path.GetTempPath(), "out");
        Gen<string> piece = Gen.OneOf(
            Gen.Elements("{track}", "{stem}", "{artist}", "{title}", "/", "\\", "..", ".", "{{", "}}", "CON", "a", " ", "é", "{", ":"),
            ArbMap.Default.GeneratorFor<string>().Where(s => s is not null));
        Gen<string> pattern = Gen.ListOf(piece).Select(p => string.Concat(p));
        Gen<string> tag = ArbMap.Default.GeneratorFor<string>().Where(s => s is not null)
            .SelectMany(s => Gen.Elements(s, "../" + s, s + "/..", "\\" + s, s + ".", new string('ü', 300) + s));
        Check.One(
            Config.QuickThrowOnFailure.WithMaxTest(3000),
            Prop.ForAll(pattern.ToArbitrary(), tag.ToArbitrary(), (p, t) =>
            {
                FileNamePattern template;
                try
                {
                    template = FileNamePattern.Parse(p);
                }
                catch (OptionException)
                {
                    return;
                }

                Dictionary<string, string?> values = Values(track: t);
                values["artist"] = t;
                values["title"] = t;
                string path;
                try
                {
                    path = template.Render(root, values);
                }
                catch (OptionException)
                {
                    return;
                }

                AssertSafe(root, path);
            }));
    }

    [Fact]
    public void LongNamesAreCutInTheirValuesSoThatStemsStayApart()
    {
        FileNamePattern template = FileNamePattern.Parse("{track} - {stem}.{ext}");
        string a = template.Render(Values(track: new string('ü', 250), stem: "vocals"));
        string b = template.Render(Values(track: new string('ü', 250), stem: "drums"));
        Assert.NotEqual(a, b);
        Assert.EndsWith(" - vocals.wav", a, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(a), 200, 255);
    }

    [Fact]
    public void KnowsWhatItNeeds()
    {
        Assert.True(FileNamePattern.Parse("{artist}/{stem}").NeedsTags);
        Assert.False(FileNamePattern.Parse(FileNamePattern.Stems).NeedsTags);
        Assert.False(FileNamePattern.Parse("{track}").HasStem);
    }

    private static void AssertSafe(string root, string path)
    {
        Assert.StartsWith(root + Path.DirectorySeparatorChar, path, StringComparison.Ordinal);
        Assert.Equal(path, Path.GetFullPath(path));
        foreach (string name in path[(root.Length + 1)..].Split(Path.DirectorySeparatorChar))
        {
            Assert.NotEqual("", name);
            Assert.False(name.EndsWith('.') || name.EndsWith(' '), name);
            Assert.DoesNotContain(name, c => char.IsControl(c));
            Assert.InRange(Encoding.UTF8.GetByteCount(name), 1, 255);
            string device = name.Split('.')[0].TrimEnd(' ').ToUpperInvariant();
            Assert.DoesNotContain(device, new[] { "CON", "PRN", "AUX", "NUL", "COM1", "COM7", "LPT1" });
        }
    }
}
