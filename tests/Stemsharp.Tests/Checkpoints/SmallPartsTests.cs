using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Stemsharp.Checkpoints;
using Stemsharp.Checkpoints.Catalog;
using Stemsharp.Checkpoints.Torch;
using Stemsharp.Checkpoints.Writing;
using Stemsharp.Checkpoints.Zip;
using Xunit;

namespace Stemsharp.Tests.Checkpoints;

public class SmallPartsTests
{
    [Fact]
    public void The_crc_is_the_one_of_zip_files_at_any_length_and_split()
    {
        Assert.Equal(0xCBF43926u, Crc32.Append(0, "123456789"u8));
        byte[] bytes = [.. Enumerable.Range(0, 100).Select(i => (byte)(i * 37))];
        uint whole = Crc32.Append(0, bytes);
        for (int split = 0; split <= bytes.Length; split++)
        {
            Assert.Equal(whole, Crc32.Append(Crc32.Append(0, bytes.AsSpan(0, split)), bytes.AsSpan(split)));
        }
    }

    [Fact]
    public void Every_half_is_widened_exactly()
    {
        // Once more from an odd place, so that each half is also in a vector's other lanes and in the rest behind the last one.
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i), .. Enumerable.Range(0, 65536 + 5).Select(i => (ushort)(i + 3))];
        float[] floats = new float[halves.Length];
        HalfWidening.Widen(halves, floats);
        for (int i = 0; i < halves.Length; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf(halves[i]);
            if (float.IsNaN(expected))
            {
                Assert.True(float.IsNaN(floats[i]), $"{halves[i]:X4}");
            }
            else
            {
                Assert.Equal(BitConverter.SingleToUInt32Bits(expected), BitConverter.SingleToUInt32Bits(floats[i]));
            }
        }
    }

    [Theory]
    [InlineData("39/5", 39, 5)]
    [InlineData("78/10", 39, 5)]
    [InlineData("7.8", 39, 5)]
    [InlineData("-1.50", -3, 2)]
    [InlineData("10", 10, 1)]
    public void Fractions_are_read_and_shortened(string text, long numerator, long denominator)
    {
        Assert.True(Fraction.TryParse(text, out Fraction fraction));
        Assert.Equal(new Fraction(numerator, denominator), fraction);
        Assert.True(Fraction.TryParse(fraction.ToString(), out Fraction again));
        Assert.Equal(fraction, again);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("1/0")]
    [InlineData("1/-2")]
    [InlineData("1/2/3")]
    [InlineData("1e5")]
    [InlineData("99999999999999999999")]
    [InlineData("9999999999.5")]
    public void Other_texts_are_no_fractions(string text) => Assert.False(Fraction.TryParse(text, out _));

    [Fact]
    public void Samples_of_a_fraction_are_exact() =>
        Prop.ForAll(Gen.Choose(1, 1_000_000).Two().ToArbitrary(), pair =>
        {
            Assert.True(Fraction.TryCreate(pair.Item1, pair.Item2, out Fraction f));
            return f.Samples(44100) == (long)((Int128)pair.Item1 * 44100 / pair.Item2);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("955717e8-8726e21a.th", "955717e8", "8726e21a")]
    [InlineData("my-own-model-0123456789abcdef.th", "my-own-model", "0123456789abcdef")]
    [InlineData("955717e8.th", "955717e8", null)]
    [InlineData("take-2024.th", "take-2024", null)]
    [InlineData("955717e8-8726e21a.safetensors", "955717e8-8726e21a", null)]
    public void File_names_tell_signature_and_checksum(string name, string signature, string? checksum) =>
        Assert.Equal((signature, checksum), FileNames.Parse(name));

    [Fact]
    public void Plain_values_survive_a_pickle() =>
        Prop.ForAll(PlainValues.ToArbitrary(), value =>
        {
            PickleWriter writer = new();
            writer.Value(value);
            return PlainJson.ToText(ToPlain(PickleReader.Read(writer.Finish()))) == PlainJson.ToText(value);
        }).QuickCheckThrowOnFailure();

    /// <summary>One value of every harmless kind, as Python 3.11 pickles it in each protocol.</summary>
    [Theory]
    [InlineData(2, "gAJ9cQAoWAEAAABhcQFdcQIoSwFHQAQAAAAAAABYAwAAAHjDqXEDY19jb2RlY3MKZW5jb2RlCnEEWAEAAAB5cQVYBgAAAGxhdGluMXEGhnEHUnEISwGFcQljX19idWlsdGluX18Kc2V0CnEKXXELKEsBSwJlhXEMUnENY19fYnVpbHRpbl9fCmZyb3plbnNldApxDl1xD0sDYYVxEFJxEU6ISvn///9KcBEBAIoJAAAQYy1ex2sFY19fYnVpbHRpbl9fCmJ5dGVhcnJheQpxEmgEWAEAAAB6cRNoBoZxFFJxFYVxFlJxF2NwYXRobGliClB1cmVQb3NpeFBhdGgKcRhYAQAAAC9xGVgBAAAAcHEaWAEAAABxcRuHcRxScR1lWAEAAABkcR5jY29sbGVjdGlvbnMKT3JkZXJlZERpY3QKcR8pUnEgWAEAAABrcSFjZnJhY3Rpb25zCkZyYWN0aW9uCnEiSydLBYZxI1JxJHNYBAAAAGRlZXBxJV1xJl1xJ11xKH1xKWgTiXNhYWFLBUsGdS4=")]
    [InlineData(3, "gAN9cQAoWAEAAABhcQFdcQIoSwFHQAQAAAAAAABYAwAAAHjDqXEDQwF5cQRLAYVxBWNidWlsdGlucwpzZXQKcQZdcQcoSwFLAmWFcQhScQljYnVpbHRpbnMKZnJvemVuc2V0CnEKXXELSwNhhXEMUnENTohK+f///0pwEQEAigkAABBjLV7HawVjYnVpbHRpbnMKYnl0ZWFycmF5CnEOQwF6cQ+FcRBScRFjcGF0aGxpYgpQdXJlUG9zaXhQYXRoCnESWAEAAAAvcRNYAQAAAHBxFFgBAAAAcXEVh3EWUnEXZVgBAAAAZHEYY2NvbGxlY3Rpb25zCk9yZGVyZWREaWN0CnEZKVJxGlgBAAAAa3EbY2ZyYWN0aW9ucwpGcmFjdGlvbgpxHEsnSwWGcR1ScR5zWAQAAABkZWVwcR9dcSBdcSFdcSJ9cSNYAQAAAHpxJIlzYWFhSwVLBnUu")]
    [InlineData(4, "gASV/gAAAAAAAAB9lCiMAWGUXZQoSwFHQAQAAAAAAACMA3jDqZRDAXmUSwGFlI+UKEsBSwKQKEsDkZROiEr5////SnARAQCKCQAAEGMtXsdrBYwIYnVpbHRpbnOUjAlieXRlYXJyYXmUk5RDAXqUhZRSlIwHcGF0aGxpYpSMDVB1cmVQb3NpeFBhdGiUk5SMAS+UjAFwlIwBcZSHlFKUZYwBZJSMC2NvbGxlY3Rpb25zlIwLT3JkZXJlZERpY3SUk5QpUpSMAWuUjAlmcmFjdGlvbnOUjAhGcmFjdGlvbpSTlEsnSwWGlFKUc4wEZGVlcJRdlF2UXZR9lIwBepSJc2FhYUsFSwZ1Lg==")]
    [InlineData(5, "gAWV6AAAAAAAAAB9lCiMAWGUXZQoSwFHQAQAAAAAAACMA3jDqZRDAXmUSwGFlI+UKEsBSwKQKEsDkZROiEr5////SnARAQCKCQAAEGMtXsdrBZYBAAAAAAAAAHqUjAdwYXRobGlilIwNUHVyZVBvc2l4UGF0aJSTlIwBL5SMAXCUjAFxlIeUUpRljAFklIwLY29sbGVjdGlvbnOUjAtPcmRlcmVkRGljdJSTlClSlIwBa5SMCWZyYWN0aW9uc5SMCEZyYWN0aW9ulJOUSydLBYaUUpRzjARkZWVwlF2UXZRdlH2UjAF6lIlzYWFhSwVLBnUu")]
    public void Pickles_of_every_protocol_are_read(int protocol, string base64)
    {
        byte[] pickle = Convert.FromBase64String(base64);
        Assert.Equal(protocol, pickle[1]);
        PickleDict dict = Assert.IsType<PickleDict>(PickleReader.Read(pickle));
        Assert.Equal(["a", "d", "deep"], dict.Items.Keys);
        List<object?> list = Assert.IsType<List<object?>>(dict.Items["a"]);
        Assert.Equal([1L, 2.5, "xé"], list.Take(3));
        Assert.Equal([1L], Assert.IsType<object?[]>(list[4]));
        Assert.Equal([null, true, -7L, 70000L, System.Numerics.BigInteger.Pow(10, 20)], list.Skip(7).Take(5));
        Assert.All([5, 6, 13], i => Assert.IsType<PickleOpaque>(list[i]));
        Assert.Equal(new Fraction(39, 5), Assert.IsType<PickleDict>(dict.Items["d"]).Items["k"]);
    }

    private static Gen<object?> PlainValues => Gen.OneOf(
        Gen.Constant<object?>(null),
        ArbMap.Default.GeneratorFor<bool>().Select(v => (object?)v),
        ArbMap.Default.GeneratorFor<long>().Select(v => (object?)v),
        ArbMap.Default.GeneratorFor<NormalFloat>().Select(v => (object?)v.Get),
        ArbMap.Default.GeneratorFor<UnicodeString>().Select(v => (object?)(v.Get ?? "")),
        Gen.Choose(1, 1000).Two().Select(p => Fraction.TryCreate(p.Item1, p.Item2, out Fraction f) ? (object?)f : null),
        Gen.Choose(0, 300).ListOf().Select(v => (object?)v.Select(i => (object?)(long)i).ToList()),
        Gen.Choose(0, 9).ListOf().Select(v => (object?)v.Distinct().ToDictionary(i => i.ToString(CultureInfo.InvariantCulture), i => (object?)(i % 2 == 0))));

    private static object? ToPlain(object? value) => value switch
    {
        PickleDict dict => dict.Items.ToDictionary(i => i.Key, i => ToPlain(i.Value)),
        List<object?> list => list.Select(ToPlain).ToList(),
        _ => value,
    };

    private const string Trouble = "[]{}:,'\"&*!|>%@`-?#\\ \n\t\0\u00e9\ud800x0";

    [Fact]
    public void Damaged_bags_and_json_give_their_own_errors_only()
    {
        const string yaml = "models: ['f7e0c4bc', \"d12395a8\"]\nweights: [\n  [1., 0.],\n  [0., 1.],\n]\nsegment: 44 # ignored\n";
        const string json = """{"sources": ["a", "b\u00e9"], "segment": "39/5", "nested": {"x": [1, 2.5, true, null]}}""";
        Random random = new(3);
        for (int round = 0; round < 3000; round++)
        {
            foreach (string good in (string[])[yaml, json])
            {
                char[] bad = good.ToCharArray();
                for (int n = random.Next(1, 6); n > 0; n--)
                {
                    bad[random.Next(bad.Length)] = Trouble[random.Next(Trouble.Length)];
                }

                string text = new string(bad)[..random.Next(bad.Length + 1)];
                try
                {
                    if (good == yaml)
                    {
                        BagFile.Parse(text);
                    }
                    else
                    {
                        PlainJson.ReadObject(Encoding.UTF8.GetBytes(text));
                    }
                }
                catch (CheckpointFormatException)
                {
                }
            }
        }
    }

    [Fact]
    public void Lone_surrogates_in_json_are_an_error_of_the_file() =>
        Assert.Throws<CheckpointFormatException>(() => PlainJson.ReadObject("""{"a": "\ud800"}"""u8.ToArray()));
}
