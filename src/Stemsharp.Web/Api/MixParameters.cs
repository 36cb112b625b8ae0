using System.Globalization;
using Stemsharp.Web.Delivery;

namespace Stemsharp.Web.Api;

/// <summary>Levels of a mix as a request's query has them.</summary>
internal static class MixParameters
{
    public static MixLevels Parse(string? gains, string? pans, int stems) =>
        new(Numbers("gains", gains, stems, 1, 0, 4), Numbers("pans", pans, stems, 0, -1, 1));

    private static float[] Numbers(string name, string? text, int count, float missing, float low, float high)
    {
        if (text is null)
        {
            return [.. Enumerable.Repeat(missing, count)];
        }

        string[] parts = text.Split(',', count + 1);
        float[] numbers = new float[count];
        bool valid = parts.Length == count;
        for (int i = 0; i < count && valid; i++)
        {
            valid = float.TryParse(parts[i], NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out numbers[i])
                && numbers[i] >= low && numbers[i] <= high;
        }
        return valid ? numbers : throw new ApiError(
            ApiErrorKind.BadRequest, $"'{name}' has {count} numbers from {low} to {high}, one a stem, separated by commas.");
    }
}
