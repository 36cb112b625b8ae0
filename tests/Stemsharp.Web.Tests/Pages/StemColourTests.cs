using System.Globalization;
using System.Text.RegularExpressions;
using Stemsharp.Tests;
using Xunit;

namespace Stemsharp.Web.Tests.Pages;

/// <summary>Stems' colours on the page: every name has one, all differ, and each can be told from what is behind it, by day and by night.</summary>
public class StemColourTests
{
    private static readonly string Styles = File.ReadAllText(RepositoryFiles.At("src", "Stemsharp.Web", "client", "src", "styles.css"));
    private static readonly string Names = File.ReadAllText(RepositoryFiles.At("src", "Stemsharp.Web", "client", "src", "ui", "stems.ts"));

    private static readonly string[] Wanted =
    [
        "vocals", "drums", "bass", "other", "guitar", "piano", "kick", "snare", "toms", "hihat", "ride", "crash", "cymbals", "lead", "backing", "male", "female", "dry", "reverb", "noise", "crowd",
        "speech", "music", "effects", "instrumental",
    ];

    private static Dictionary<string, (string Light, string Dark)> Colours(string pattern) => Regex.Matches(Styles, $@"--({pattern}): light-dark\((#[0-9a-f]{{6}}), (#[0-9a-f]{{6}})\);")
        .ToDictionary(m => m.Groups[1].Value, m => (m.Groups[2].Value, m.Groups[3].Value));

    [Fact]
    public void Every_stem_that_is_known_has_a_colour_and_there_are_spare_ones()
    {
        string[] listed = [.. Regex.Matches(Regex.Match(Names, @"const known = \[(.*?)\];", RegexOptions.Singleline).Groups[1].Value, "\"(.+?)\"").Select(m => m.Groups[1].Value)];
        Assert.Equal(Wanted, listed);
        string[] coloured = [.. Colours("stem-[a-z0-9-]+").Keys.Select(name => name["stem-".Length..])];
        int spare = int.Parse(Regex.Match(Names, @"const spare = (\d+);").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.Equal(Wanted.Concat(Enumerable.Range(1, spare).Select(i => $"spare-{i}")).Order(), coloured.Order());
        Assert.All(Regex.Matches(Regex.Match(Names, @"alsoCalled.*?\{(.*?)\};", RegexOptions.Singleline).Groups[1].Value, "[a-z]+: \"(.+?)\""), m => Assert.Contains(m.Groups[1].Value, Wanted));
    }

    [Fact]
    public void Colours_stand_out_from_every_ground_as_text_does()
    {
        foreach ((string stem, (string light, string dark)) in Colours("stem-[a-z0-9-]+"))
        {
            foreach ((string ground, (string day, string night)) in Colours("ground|panel|raised|lane"))
            {
                Assert.True(Contrast(light, day) >= 4.5, $"{stem} on {ground} by day: {Contrast(light, day):0.00}");
                Assert.True(Contrast(dark, night) >= 4.5, $"{stem} on {ground} by night: {Contrast(dark, night):0.00}");
            }
        }
    }

    [Fact]
    public void No_two_colours_look_alike()
    {
        (string Light, string Dark)[] all = [.. Colours("stem-[a-z0-9-]+").Values];
        for (int i = 0; i < all.Length; i++)
        {
            for (int other = 0; other < i; other++)
            {
                Assert.True(Distance(all[i].Light, all[other].Light) >= 0.04, $"{all[i].Light} and {all[other].Light}");
                Assert.True(Distance(all[i].Dark, all[other].Dark) >= 0.04, $"{all[i].Dark} and {all[other].Dark}");
            }
        }
    }

    // As the Web Content Accessibility Guidelines define it.
    private static double Contrast(string a, string b)
    {
        double x = Luminance(a) + 0.05, y = Luminance(b) + 0.05;
        return Math.Max(x, y) / Math.Min(x, y);
    }

    private static double Luminance(string colour) => Linear(colour) is var c ? 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2] : 0;

    // In Oklab, where 0.02 is about what can just be seen side by side.
    private static double Distance(string a, string b)
    {
        double[] x = Oklab(a), y = Oklab(b);
        return Math.Sqrt(Enumerable.Range(0, 3).Sum(i => (x[i] - y[i]) * (x[i] - y[i])));
    }

    private static double[] Oklab(string colour)
    {
        double[] c = Linear(colour);
        double l = Math.Cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2]);
        double m = Math.Cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2]);
        double s = Math.Cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2]);
        return [0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s];
    }

    private static double[] Linear(string colour) =>
        [.. Enumerable.Range(0, 3).Select(i => int.Parse(colour.AsSpan(1 + 2 * i, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0).Select(c => c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4))];
}
